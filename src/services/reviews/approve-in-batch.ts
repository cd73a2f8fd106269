import { hasRole, toActor, type Viewer } from '../../domain/actor.js';
import { newId } from '../../kernel/ids.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import { noteCommit } from '../../postgres/transaction.js';
import type { ApprovedTask } from '../../store/reviews/submit-verdicts.js';
import { fingerprintOf } from '../idempotency.js';
import { toTaskKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import type { SubmitVerdict } from './verdict-input.js';

/**
 * Approves a task together with others, with one statement. Null if nothing has changed, and the verdict needs a transaction
 * of its own: it is a rejection or on behalf of another agent, it has to be refused, or its task has dependents, is part of a
 * pipeline run or is locked.
 */
export async function approveInBatch(
  context: ServiceContext,
  viewer: Viewer,
  input: SubmitVerdict,
): Promise<ApprovedTask | null> {
  const task = toTaskKey(input.task);
  if (task === null || input.verdict !== 'APPROVED' || input.reviewer) return null;
  const idempotencyKey = input.idempotencyKey ?? null;
  const { coordinatorAgent, agentTimeoutMs } = context.settings;
  const approved = await askOrNull(context.batches.approvals, {
    id: newId('rev'),
    task,
    round: input.round ?? null,
    feedback: input.feedback ?? null,
    keyId: viewer.keyId,
    reviewerId: viewer.agentId,
    needsClaim: !hasRole(viewer, 'OPERATOR'),
    coordinatorAgent,
    idempotencyKey,
    fingerprint: idempotencyKey === null ? null : fingerprintOf(input),
    agentTimeoutMs,
  });
  if (approved !== null) noteApproval(context, viewer, approved);
  return approved;
}

function noteApproval(
  { database }: ServiceContext,
  viewer: Viewer,
  { task: { id: taskId, assigneeId: agentId }, review: { id: reviewId, round }, since }: ApprovedTask,
): void {
  const about = { actor: toActor(viewer), taskId, agentId };
  noteCommit(database, [
    { ...about, type: 'review.submitted', reviewId, payload: { round }, since },
    { ...about, type: 'task.approved', payload: { from: 'REVIEW', to: 'DONE' } },
  ]);
}
