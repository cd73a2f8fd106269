import type { Viewer } from '../../domain/actor.js';
import type { ApiKeyRow } from '../../store/keys/api-keys.js';

/** Who calls with this key. */
export function toViewer(key: Pick<ApiKeyRow, 'id' | 'role' | 'agentId'>): Viewer {
  return { keyId: key.id, role: key.role, agentId: key.agentId };
}
