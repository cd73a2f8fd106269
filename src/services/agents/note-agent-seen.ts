import { inTransaction } from '../../postgres/transaction.js';
import { findAgent } from '../../store/agents/agents.js';
import type { ServiceContext } from '../service-context.js';
import { announceStatus } from './announce-status.js';

/** `lastSeenAt` is not written again within this time, in milliseconds. */
const FRESH_MS = 5_000;

/** Updates `lastSeenAt` of an agent, at most every five seconds, and announces the agent if it was OFFLINE. */
export async function noteAgentSeen(context: ServiceContext, agentId: string): Promise<void> {
  const agent = await findAgent(context.database.pool, { id: agentId });
  const lastSeen = agent?.lastSeenAt?.getTime() ?? Number.NEGATIVE_INFINITY;
  if (agent?.announcedStatus !== 'OFFLINE' && context.clock.now() - lastSeen < FRESH_MS) return;
  const actor = { keyId: null, agentId };
  await inTransaction(context.database, (tx) => announceStatus(context, tx, agentId, actor, { seen: true }));
}
