import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { inTransaction } from '../../postgres/transaction.js';
import { findOpenReviewRun } from '../../store/reviews/reviews.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveTask } from '../moves/move-task.js';
import { lockTaskByRef, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

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
