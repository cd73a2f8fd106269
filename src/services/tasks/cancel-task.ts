import { hasRole, toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { findOpenReviewRun } from '../../store/reviews/reviews.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveTask } from '../moves/move-task.js';
import { lockTaskByRef, noSuchTask, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { canSeeTask } from './task-visibility.js';

/**
 * Cancels a task that has not ended. An agent that works on it or reviews it loses its lease, and a late result changes
 * nothing.
 * @throws {InvalidTransition} if the task has already ended.
 */
export async function cancelTask(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly task: TaskRef; readonly reason?: string | null | undefined },
): Promise<TaskRow> {
  checkFields(input, ['reason']);
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const task = await lockTaskByRef(tx, input.task);
    if (!hasRole(viewer, 'OPERATOR')) await checkCreator(context, tx, viewer, { task, ref: input.task });
    const review = task.status === 'REVIEW' ? await findOpenReviewRun(tx, task.id) : null;
    const cancelled = await moveTask(tx, task, {
      to: 'CANCELLED',
      verb: 'cancel',
      actor,
      event: 'task.cancelled',
      reason: input.reason ?? undefined,
    });
    const released = [task.assigneeId, review?.agentId].filter((each) => typeof each === 'string');
    for (const agentId of released.sort()) await announceStatus(context, tx, agentId, actor);
    return cancelled;
  });
}

async function checkCreator(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  { task, ref }: { readonly task: TaskRow; readonly ref: TaskRef },
): Promise<void> {
  if (!(await canSeeTask(context, tx, viewer, task))) throw noSuchTask(ref);
  if (task.createdByAgentId !== null && task.createdByAgentId === viewer.agentId) return;
  throw new Refusal('FORBIDDEN', 'An agent can cancel only tasks that it created.', ['task']);
}
