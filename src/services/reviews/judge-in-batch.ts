import { hasRole, toActor, type Viewer } from '../../domain/actor.js';
import { newId } from '../../kernel/ids.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import { noteCommit } from '../../postgres/transaction.js';
import type { JudgedTask } from '../../store/reviews/submit-verdicts.js';
import { fingerprintOf } from '../idempotency.js';
import { toTaskKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import type { SubmitVerdict } from './verdict-input.js';

/**
 * Judges a task together with others, with one statement. Null if nothing has changed, and the verdict needs a transaction of its
 * own: it is on behalf of another agent, it has to be refused, or its task is locked; or an approved task has dependents or is part of
 * a pipeline run, or a rejected one is pinned to a silent agent or fails with its last rejection.
 */
export async function judgeInBatch(
  context: ServiceContext,
  viewer: Viewer,
  input: SubmitVerdict,
): Promise<JudgedTask | null> {
  const task = toTaskKey(input.task);
  if (task === null || input.reviewer) return null;
  const commentId = newId('cmt');
  const idempotencyKey = input.idempotencyKey ?? null;
  const { coordinatorAgent, agentTimeoutMs } = context.settings;
  const judged = await askOrNull(context.batches.verdicts, {
    id: newId('rev'),
    task,
    round: input.round ?? null,
    verdict: input.verdict,
    feedback: input.feedback ?? null,
    commentId,
    keyId: viewer.keyId,
    reviewerId: viewer.agentId,
    needsClaim: !hasRole(viewer, 'OPERATOR'),
    coordinatorAgent,
    idempotencyKey,
    fingerprint: idempotencyKey === null ? null : fingerprintOf(input),
    agentTimeoutMs,
  });
  if (judged !== null) noteVerdict(context, viewer, judged, commentId);
  return judged;
}

function noteVerdict(
  { database }: ServiceContext,
  viewer: Viewer,
  {
    task: { id: taskId, assigneeId: agentId },
    review: { id: reviewId, round, verdict, feedback },
    since,
  }: JudgedTask,
  commentId: string,
): void {
  const about = { actor: toActor(viewer), taskId, agentId };
  const submitted = { ...about, type: 'review.submitted', reviewId, payload: { round }, since } as const;
  if (verdict === 'APPROVED') {
    noteCommit(database, [
      submitted,
      { ...about, type: 'task.approved', payload: { from: 'REVIEW', to: 'DONE' } },
    ]);
    return;
  }
  noteCommit(database, [
    submitted,
    {
      ...about,
      type: 'task.rejected',
      payload: { from: 'REVIEW', to: 'REJECTED', ...(feedback === null ? {} : { reason: feedback }) },
    },
    { ...about, type: 'task.comment_added', commentId },
    {
      ...about,
      type: 'task.requeued',
      payload: { from: 'REJECTED', to: 'ASSIGNED', reason: 'rejected in review' },
    },
  ]);
}
