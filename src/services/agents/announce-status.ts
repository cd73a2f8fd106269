import type { Actor } from '../../domain/actor.js';
import { deriveAgentStatus } from '../../domain/agents/status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { lockAgentFacts, markAgentSeen, writeAnnouncedStatus } from '../../store/agents/agents.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Appends `agent.status_changed` if the derived status differs from the one in the last such event. Call it last in a
 * transaction: it locks the agent, and the lock order everywhere is task, run, agent. `seen` means that the agent itself
 * made the call, which updates its `lastSeenAt`.
 */
export async function announceStatus(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  agentId: string,
  actor: Actor,
  { seen = false }: { readonly seen?: boolean } = {},
): Promise<void> {
  if (seen) await markAgentSeen(tx, agentId);
  const agent = await lockAgentFacts(tx, agentId);
  if (agent === null) return;
  const status = deriveAgentStatus(agent, agent.nowAt, context.settings.agentTimeoutMs);
  if (status === agent.announcedStatus) return;
  await writeAnnouncedStatus(tx, agentId, status);
  tx.emit({
    type: 'agent.status_changed',
    actor,
    agentId,
    payload: { from: agent.announcedStatus, to: status },
  });
}
