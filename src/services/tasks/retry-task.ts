import { toActor, type Viewer } from '../../domain/actor.js';
import { InvalidTransition } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { moveBack, placeBack } from '../moves/move-back.js';
import { sayIfPinnedToOffline } from '../moves/say-offline.js';
import { lockTaskByRef, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Reopens a FAILED or CANCELLED task: ASSIGNED to the agent of its pin, otherwise INBOX. Resets the three counters to zero;
 * runs, reviews and comments stay as history.
 * @throws {InvalidTransition} for a task that has not ended, or is DONE.
 */
export async function retryTask(
  context: ServiceContext,
  viewer: Viewer,
  input: { readonly task: TaskRef },
): Promise<TaskRow> {
  return inTransaction(context.database, async (tx) => {
    const task = await lockTaskByRef(tx, input.task);
    // The transition table also allows moves such as INBOX to ASSIGNED, which are not retries.
    if (task.status !== 'FAILED' && task.status !== 'CANCELLED') {
      throw new InvalidTransition(task.status, placeBack(task), 'retry');
    }
    const moved = await moveBack(tx, task, {
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
        releasedBy: [],
      },
    });
    await sayIfPinnedToOffline(context.settings, tx, moved);
    return moved;
  });
}
