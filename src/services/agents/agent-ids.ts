import type { Database } from '../../postgres/database.js';
import { getActingAgent } from '../refs.js';
import type { AgentIds } from '../service-context.js';

const CACHE_LIMIT = 10_000;

/**
 * Caches agent ids by reference. Agents are never renamed or removed, so an entry stays valid. The cache saves one round
 * trip of every claim, the most frequent call. Refusals are not cached, because the agent may register later.
 */
export function createAgentIds(database: Database): AgentIds {
  const cached = new Map<string, string>();
  return {
    async idOf(viewer, ref) {
      if (viewer.agentId !== null && (ref === null || ref === undefined)) return viewer.agentId;
      const cacheKey = JSON.stringify([viewer.agentId, ref?.id ?? null, ref?.name ?? null]);
      const known = cached.get(cacheKey);
      if (known !== undefined) return known;
      const { id } = await getActingAgent(database.pool, viewer, ref);
      if (cached.size >= CACHE_LIMIT) cached.clear();
      cached.set(cacheKey, id);
      return id;
    },
  };
}
