import type { AgentRow } from '../store/agents.js';
import { inTransaction } from '../store/transaction.js';
import { announceAgent } from './announce-agent.js';
import type { ServiceContext } from './service-context.js';

/** A sign of life younger than this, in milliseconds, is not written again. */
const FRESH_MS = 5_000;

/** Notes a sign of life, and announces the agent if it was away. Written at most every five seconds for an agent. */
export async function noteAgentSeen(context: ServiceContext, agent: AgentRow): Promise<void> {
  const age =
    agent.lastSeenAt === null ? Number.POSITIVE_INFINITY : context.clock.now() - agent.lastSeenAt.getTime();
  if (age < FRESH_MS && agent.announcedStatus !== 'OFFLINE') return;
  const actor = { keyId: null, agentId: agent.id };
  await inTransaction(context.database, (tx) => announceAgent(context, tx, agent.id, actor, { seen: true }));
}
