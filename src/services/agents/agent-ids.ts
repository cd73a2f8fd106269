import type { Database } from '../../postgres/database.js';
import { getActingAgent } from '../refs.js';
import type { AgentIds } from '../service-context.js';

const REMEMBERED_AT_MOST = 10_000;

/**
 * Remembers which id answers which question: agents are neither renamed nor removed, so an answer stays true. It saves
 * a claim, the hottest call there is, one of its round trips. Refusals are not remembered: the agent may come to be.
 */
export function createAgentIds(database: Database): AgentIds {
  const remembered = new Map<string, string>();
  return {
    async idOf(viewer, ref) {
      if (viewer.agentId !== null && (ref === null || ref === undefined)) return viewer.agentId;
      const question = JSON.stringify([viewer.agentId, ref?.id ?? null, ref?.name ?? null]);
      const known = remembered.get(question);
      if (known !== undefined) return known;
      const { id } = await getActingAgent(database.pool, viewer, ref);
      if (remembered.size >= REMEMBERED_AT_MOST) remembered.clear();
      remembered.set(question, id);
      return id;
    },
  };
}
