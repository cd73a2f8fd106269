import { hasRole, type Viewer } from '../../domain/actor.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { isTaskVisibleToAgent } from '../../store/tasks/visible-tasks.js';
import type { ServiceContext } from '../service-context.js';

/** Whether the viewer may see the task. Only AGENT keys are restricted, by one SQL expression. */
export async function canSeeTask(
  { settings }: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  task: Pick<TaskRow, 'id'>,
): Promise<boolean> {
  if (viewer.agentId === null) return hasRole(viewer, 'VIEWER');
  return isTaskVisibleToAgent(tx, task.id, viewer.agentId, settings.coordinatorAgent);
}
