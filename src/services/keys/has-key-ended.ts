import type { Viewer } from '../../domain/actor.js';
import { listEndedKeys } from '../../store/keys/list-ended-keys.js';
import type { ServiceContext } from '../service-context.js';

/** Whether the key was revoked or has expired while its call waited; a request is asked for its key only when it comes. */
export async function hasKeyEnded(
  { database }: Pick<ServiceContext, 'database'>,
  { keyId }: Viewer,
): Promise<boolean> {
  return (await listEndedKeys(database.pool, [keyId])).length > 0;
}
