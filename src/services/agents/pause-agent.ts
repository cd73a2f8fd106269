import { toActor, type Viewer } from '../../domain/actor.js';
import { Refusal } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import { type AgentRow, lockAgent, updateAgentRow } from '../../store/agents/agents.js';
import { readNow } from '../../store/ops/database-clock.js';
import { type AgentRef, explainNoAgent, toAgentKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { announceStatus } from './announce-status.js';

/** Stops handing new work to an agent, which may finish its tasks. Idempotent. @throws {Refusal} UNKNOWN_AGENT */
export async function pauseAgent(
  context: ServiceContext,
  viewer: Viewer,
  agent: AgentRef,
): Promise<AgentRow> {
  return setPaused(context, viewer, agent, true);
}

/** Resumes handing work to a paused agent. Idempotent. @throws {Refusal} UNKNOWN_AGENT */
export async function resumeAgent(
  context: ServiceContext,
  viewer: Viewer,
  agent: AgentRef,
): Promise<AgentRow> {
  return setPaused(context, viewer, agent, false);
}

async function setPaused(
  context: ServiceContext,
  viewer: Viewer,
  ref: AgentRef,
  paused: boolean,
): Promise<AgentRow> {
  return inTransaction(context.database, async (tx) => {
    const agent = await lockAgent(tx, toAgentKey(ref));
    if (agent === null) throw new Refusal('UNKNOWN_AGENT', explainNoAgent(ref), ['agent']);
    if ((agent.pausedAt !== null) === paused) return agent;
    await updateAgentRow(tx, agent.id, { pausedAt: paused ? await readNow(tx.executor) : null });
    await announceStatus(context, tx, agent.id, toActor(viewer));
    return (await lockAgent(tx, { id: agent.id })) ?? agent;
  });
}
