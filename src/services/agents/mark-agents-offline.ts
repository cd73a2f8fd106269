import { SYSTEM } from '../../domain/actor.js';
import { deriveAgentStatus, isSilent } from '../../domain/agents/status.js';
import { LIMITS } from '../../domain/limits.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  type AgentTimeouts,
  listAgentTimeouts,
  listLeasesOf,
  takeAgentAnnouncedAs,
} from '../../store/agents/agent-timeouts.js';
import type { ServiceContext } from '../service-context.js';
import { announceStatus } from './announce-status.js';

/**
 * Announces status changes that happen by time alone: an agent has not called within the timeout, or its last lease has
 * expired. Reads all agents and writes only those whose derived status differs from the announced one. `nextInMs` is the
 * earliest time at which a status can change by time alone again.
 */
export async function markAgentsOffline(
  context: Pick<ServiceContext, 'database' | 'settings'>,
): Promise<{ readonly handled: number; readonly nextInMs: number }> {
  const { agentTimeoutMs } = context.settings;
  const agents = await listAgentTimeouts(context.database.pool);
  let handled = 0;
  for (const agent of agents) {
    const facts = { ...agent, hasLiveLease: agent.busyUntilAt !== null };
    if (deriveAgentStatus(facts, agent.nowAt, agentTimeoutMs) === agent.announcedStatus) continue;
    if (await announce(context, agent)) handled += 1;
  }
  // A call or lease that begins after this run lasts at least the agent timeout or the shortest lease.
  const changes = agents.flatMap((agent) => changesInMs(agent, agentTimeoutMs));
  return { handled, nextInMs: Math.min(agentTimeoutMs, LIMITS.leaseMinMs, ...changes) };
}

/** Uses one transaction per agent, so that no agent waits for the announcement of another. */
function announce(
  context: Pick<ServiceContext, 'database' | 'settings'>,
  agent: AgentTimeouts,
): Promise<boolean> {
  return inTransaction(context.database, async (tx) => {
    if (!(await takeAgentAnnouncedAs(tx, agent))) return false;
    await announceStatus(context, tx, agent.id, SYSTEM);
    if (isSilent(agent.lastSeenAt, agent.nowAt, context.settings.agentTimeoutMs))
      await sayWhatItHolds(tx, agent);
    return true;
  });
}

/** A lease that a claim asked for is kept although its agent is silent. */
async function sayWhatItHolds(tx: Transaction, { id: agentId }: AgentTimeouts): Promise<void> {
  for (const { taskId, runId, leaseExpiresAt, agentName } of await listLeasesOf(tx, agentId)) {
    const reason = `${agentName} is offline and holds the task until its lease ends at ${leaseExpiresAt.toISOString()}.`;
    tx.emit({ type: 'task.assignee_offline', actor: SYSTEM, taskId, agentId, runId, payload: { reason } });
  }
}

function changesInMs({ lastSeenAt, busyUntilAt, nowAt }: AgentTimeouts, agentTimeoutMs: number): number[] {
  if (lastSeenAt === null || isSilent(lastSeenAt, nowAt, agentTimeoutMs)) return [];
  const silentAt = lastSeenAt.getTime() + agentTimeoutMs + 1;
  const endings = busyUntilAt === null ? [silentAt] : [silentAt, busyUntilAt.getTime()];
  return endings.map((at) => at - nowAt.getTime());
}
