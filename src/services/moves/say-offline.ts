import { SYSTEM } from '../../domain/actor.js';
import { isSilent } from '../../domain/agents/status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { type AgentSighting, findSightingOfPullAgent } from '../../store/agents/agent-timeouts.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import type { ServiceContext } from '../service-context.js';

type Settings = Pick<ServiceContext['settings'], 'agentTimeoutMs'>;

/** Appends the event that the task waits for its agent, if that agent is offline. */
export function sayIfOffline(
  { agentTimeoutMs }: Settings,
  tx: Transaction,
  taskId: string,
  { agentId, agentName, lastSeenAt, nowAt }: AgentSighting,
): void {
  if (!isSilent(lastSeenAt, nowAt, agentTimeoutMs)) return;
  const reason = `The task waits for ${agentName}, which is offline: assign it to another agent, or unassign it.`;
  tx.emit({ type: 'task.assignee_offline', actor: SYSTEM, taskId, agentId, payload: { reason } });
}

/** The same for a task that is back at the agent of its pin. An agent that the server calls need not be online. */
export async function sayIfPinnedToOffline(
  settings: Settings,
  tx: Transaction,
  { id, status, pinned, assigneeId }: Pick<TaskRow, 'id' | 'status' | 'pinned' | 'assigneeId'>,
): Promise<void> {
  if (status !== 'ASSIGNED' || !pinned || assigneeId === null) return;
  const sighting = await findSightingOfPullAgent(tx, assigneeId);
  if (sighting !== null) sayIfOffline(settings, tx, id, sighting);
}
