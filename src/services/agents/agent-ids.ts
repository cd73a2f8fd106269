import type { Viewer } from '../../domain/actor.js';
import type { Database } from '../../postgres/database.js';
import { type AgentRef, getActingAgent } from '../refs.js';

/** Finds the id of the agent that a viewer acts for, nearly always without asking the database. */
export interface AgentIds {
  /** Refuses as `getActingAgent` does. */
  idOf(viewer: Viewer, ref: AgentRef | null | undefined): Promise<string>;
}

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
