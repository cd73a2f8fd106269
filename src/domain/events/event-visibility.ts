import { hasRole, type Viewer } from '../actor.js';

/** The part of an event that decides whether it is visible. */
interface VisibleEvent {
  readonly type: string;
  readonly taskId: string | null;
  readonly agentId: string | null;
  readonly actorAgentId: string | null;
}

/**
 * Whether a key may see an event. Only ADMIN keys see events about keys. An AGENT key sees the events of tasks that it
 * may see now, comments that name it, and events without a task that are about its agent or caused by it. Other keys see all other events.
 *
 * @param seesTask - whether the viewer may see the task with this id.
 */
export function isEventVisible(
  viewer: Viewer,
  { type, taskId, agentId, actorAgentId }: VisibleEvent,
  seesTask: (taskId: string) => boolean,
): boolean {
  if (!isTypeVisible(viewer, type)) return false;
  if (viewer.agentId === null) return true;
  if (type === 'comment.mentioned' && agentId === viewer.agentId) return true;
  if (taskId !== null) return seesTask(taskId);
  return agentId === viewer.agentId || actorAgentId === viewer.agentId;
}

/** Whether a key may see any event of this type at all. */
export function isTypeVisible(viewer: Viewer, type: string): boolean {
  return !type.startsWith('key.') || hasRole(viewer, 'ADMIN');
}
