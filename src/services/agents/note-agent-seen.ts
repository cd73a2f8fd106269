import { inTransaction } from '../../postgres/transaction.js';
import { isSightingDue } from '../../store/agents/agent-timeouts.js';
import type { ServiceContext } from '../service-context.js';
import { announceStatus } from './announce-status.js';

/** `lastSeenAt` is not written again within this time, in milliseconds. */
const FRESH_MS = 5_000;

/** Updates `lastSeenAt` of an agent, at most every five seconds, and announces the agent if it was OFFLINE. */
export async function noteAgentSeen(context: ServiceContext, agentId: string): Promise<void> {
  if (!(await isSightingDue(context.database.pool, agentId, FRESH_MS))) return;
  const actor = { keyId: null, agentId };
  await inTransaction(context.database, (tx) => announceStatus(context, tx, agentId, actor, { seen: true }));
}
