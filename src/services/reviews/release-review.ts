import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { LeaseLost, Refusal } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import { closeReviewRun, findReviewRun } from '../../store/reviews/reviews.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { toLookup, toShown } from '../refs.js';
import type { ReleaseTask } from '../runs/release-task.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Gives a claimed review back: the task stays in REVIEW, and any reviewer can claim the round, including the same one. It counts
 * as no failed review. The same call again changes nothing and is answered again.
 * @throws {LeaseLost} if the review has ended otherwise. @throws {Refusal} NOT_FOUND; INVALID for `pass` or `to`.
 */
export async function releaseReview(
  context: ServiceContext,
  viewer: Viewer,
  { runId, reason = null, pass, to }: ReleaseTask,
): Promise<TaskRow> {
  checkFields({ reason }, ['reason']);
  if (pass || to) throw new Refusal('INVALID', 'A review cannot be passed to another agent.', ['pass']);
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const found = await findReviewRun(tx, toLookup(runId));
    // An agent gets the same refusal for the review of another one as for a missing one.
    if (found === null || (viewer.agentId !== null && found.agentId !== viewer.agentId))
      throw new Refusal('NOT_FOUND', `There is no review ${toShown(runId)} that belongs to you.`, ['runId']);
    const task = await lockTask(tx, { id: found.taskId });
    const closed =
      found.trigger === 'CLAIM' ? await closeReviewRun(tx, found.id, 'RELEASED', { error: reason }) : null;
    const ended = await findReviewRun(tx, found.id);
    const isRepeat = ended?.outcome === 'RELEASED' && ended.lostReason === null;
    if (task === null || (closed === null && !isRepeat)) throw new LeaseLost(runId);
    if (closed === null) return task;
    tx.emit({
      type: 'review.requeued',
      actor,
      taskId: task.id,
      agentId: closed.agentId,
      payload: { round: closed.round, reason: reason ?? 'released', reviewRunId: closed.id },
    });
    await announceStatus(context, tx, closed.agentId, actor, { seen: true });
    return task;
  });
}
