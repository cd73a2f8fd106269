import { toActor, type Viewer } from '../../domain/actor.js';
import { Refusal } from '../../domain/refusals.js';
import { isTerminal } from '../../domain/tasks/task-status.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { findPipelineRun, lockOpenTasksOfRun } from '../../store/pipelines/pipeline-runs.js';
import { findOpenReviewRun } from '../../store/reviews/reviews.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { moveTask } from '../moves/move-task.js';
import { cancelPipelineRunLater } from '../moves/settle-pipeline-run.js';
import { toLookup, toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Cancels all tasks of a pipeline run that have not ended, in one transaction. Agents that work on them lose their
 * leases. A RUNNING run becomes CANCELLED; a FAILED one stays FAILED, and only its blocked tasks are cancelled. A run that
 * is already CANCELLED does not change.
 * @throws {Refusal} NOT_FOUND; INVALID for a SUCCEEDED or FAILED run without open tasks.
 */
export async function cancelPipelineRun(
  context: ServiceContext,
  viewer: Viewer,
  id: string,
): Promise<{ readonly id: string }> {
  return inTransaction(context.database, async (tx) => {
    const run = await findPipelineRun(tx, toLookup(id));
    if (run === null) throw new Refusal('NOT_FOUND', `There is no pipeline run ${toShown(id)}.`, ['id']);
    const tasks = await lockOpenTasksOfRun(tx, run.id);
    if (tasks.length === 0) {
      // Read again: its last task, and with it the run, may have ended while this transaction waited for the lock.
      const ended = (await findPipelineRun(tx, run.id)) ?? run;
      if (ended.status === 'SUCCEEDED' || ended.status === 'FAILED') throw hasEnded(ended.status);
      return ended;
    }
    const released = await cancelAll(tx, viewer, tasks);
    for (const agentId of released) await announceStatus(context, tx, agentId, toActor(viewer));
    cancelPipelineRunLater(tx, run.id);
    return run;
  });
}

function hasEnded(status: string): Refusal {
  return new Refusal('INVALID', `The pipeline run is ${status}: it has no open tasks to cancel.`, ['id']);
}

/**
 * Cancels in reverse order, so that dependents end before their dependencies and no dependency_failed or unblocked event
 * is emitted. Returns the ids of the agents that lost a task or a review.
 */
async function cancelAll(tx: Transaction, viewer: Viewer, tasks: readonly TaskRow[]): Promise<string[]> {
  const released = new Set<string>();
  for (const { id } of [...tasks].reverse()) {
    const task = await lockTask(tx, { id });
    // Already cancelled in this loop by its dependency failure policy.
    if (task === null || isTerminal(task.status)) continue;
    const review = task.status === 'REVIEW' ? await findOpenReviewRun(tx, task.id) : null;
    await moveTask(tx, task, {
      to: 'CANCELLED',
      verb: 'cancel',
      actor: toActor(viewer),
      event: 'task.cancelled',
      reason: 'The pipeline run was cancelled.',
    });
    if (task.currentRunId !== null && task.assigneeId !== null) released.add(task.assigneeId);
    if (review !== null) released.add(review.agentId);
  }
  return [...released].sort();
}
