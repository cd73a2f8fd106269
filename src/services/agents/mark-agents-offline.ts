import { SYSTEM } from '../../domain/actor.js';
import { deriveAgentStatus, isSilent } from '../../domain/agents/status.js';
import { LIMITS } from '../../domain/limits.js';
import { inTransaction } from '../../postgres/transaction.js';
import {
  type AgentTimeouts,
  listAgentTimeouts,
  takeAgentAnnouncedAs,
} from '../../store/agents/agent-timeouts.js';
import type { ServiceContext } from '../service-context.js';
import { announceStatus } from './announce-status.js';

/**
 * Announces the agents whose status has changed without a call of theirs: silent for too long, or no longer busy because
 * the last lease has ended. Reads every agent and writes only where the log says something else than the facts.
 * `nextInMs` is when time alone can change a status next.
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
  // What begins after this turn lasts at least a timeout or the shortest lease.
  const changes = agents.flatMap((agent) => changesInMs(agent, agentTimeoutMs));
  return { handled, nextInMs: Math.min(agentTimeoutMs, LIMITS.leaseMinMs, ...changes) };
}

/** In a transaction of its own, so that no agent waits for the announcement of another. */
function announce(
  context: Pick<ServiceContext, 'database' | 'settings'>,
  agent: AgentTimeouts,
): Promise<boolean> {
  return inTransaction(context.database, async (tx) => {
    if (!(await takeAgentAnnouncedAs(tx, agent))) return false;
    await announceStatus(context, tx, agent.id, SYSTEM);
    return true;
  });
}

function changesInMs({ lastSeenAt, busyUntilAt, nowAt }: AgentTimeouts, agentTimeoutMs: number): number[] {
  if (lastSeenAt === null || isSilent(lastSeenAt, nowAt, agentTimeoutMs)) return [];
  const silentAt = lastSeenAt.getTime() + agentTimeoutMs + 1;
  const endings = busyUntilAt === null ? [silentAt] : [silentAt, busyUntilAt.getTime()];
  return endings.map((at) => at - nowAt.getTime());
}
