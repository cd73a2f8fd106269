import { toActor, type Viewer } from '../../domain/actor.js';
import { InvalidTransition } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { moveTask } from '../moves/move-task.js';
import { lockTaskByRef, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Brings a FAILED or CANCELLED task back: to its assignee if it has one, else to the inbox. All three counters begin
 * anew; runs, reviews and comments stay as history.
 * @throws {InvalidTransition} for a task that has not ended, or is DONE.
 */
export async function retryTask(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly task: TaskRef },
): Promise<TaskRow> {
  return inTransaction(context.database, async (tx) => {
    const task = await lockTaskByRef(tx, input.task);
    const to = task.assigneeId === null ? 'INBOX' : 'ASSIGNED';
    // The table also lets INBOX become ASSIGNED, and the like: those moves are not a retry.
    if (task.status !== 'FAILED' && task.status !== 'CANCELLED') {
      throw new InvalidTransition(task.status, to, 'retry');
    }
    return moveTask(tx, task, {
      to,
      verb: 'retry',
      actor: toActor(viewer),
      reason: 'retry',
      changes: {
        dispatchAttempts: 0,
        reviewCycles: 0,
        staleRequeues: 0,
        failureReason: null,
        failureDetail: null,
        backoffUntil: null,
        resolution: null,
        startedAt: null,
      },
    });
  });
}
