import type { Viewer } from '../../domain/actor.js';
import type { ListReader } from '../../domain/list-reader.js';
import { API_KEYS } from '../../store/keys/api-key-lists.js';
import type { ApiKeyRow } from '../../store/keys/api-keys.js';
import { listEndedKeys } from '../../store/keys/list-ended-keys.js';
import { openList } from '../../store/lists/list-reader.js';
import type { ServiceContext } from '../service-context.js';

/** All API keys, oldest first. */
export function openApiKeys({ database }: Pick<ServiceContext, 'database'>): ListReader<ApiKeyRow> {
  return openList(database.pool, API_KEYS);
}

/** Whether the key was revoked or expired while its request waited: a request is authenticated only at its start. */
export async function hasKeyEnded(
  { database }: Pick<ServiceContext, 'database'>,
  { keyId }: Viewer,
): Promise<boolean> {
  return (await listEndedKeys(database.pool, [keyId])).length > 0;
}
