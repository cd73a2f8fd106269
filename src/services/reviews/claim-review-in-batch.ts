import { toActor, type Viewer } from '../../domain/actor.js';
import type { NewEvent } from '../../domain/events/event-types.js';
import { newId } from '../../kernel/ids.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import { noteCommit } from '../../postgres/transaction.js';
import { type ReviewAnswer, writeReviewPrompt } from '../../store/reviews/claim-reviews.js';
import type { ReviewRunRow } from '../../store/reviews/reviews.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import type { ServiceContext } from '../service-context.js';
import { toReviewPrompt } from './prompt-for-review.js';

/** A round that a reviewer got, or null if none waits for it. */
export type BatchedReview = { readonly task: TaskRow; readonly run: ReviewRunRow } | null;

/**
 * Claims a round together with other reviewers, with one statement, and a second one for the prompt. If the process dies between
 * them, the reviewer gets the prompt when it claims again. Undefined if nothing has changed, and the claim needs a transaction of
 * its own: the reviewer holds a round, must be refused, or is locked.
 */
export async function claimReviewInBatch(
  context: ServiceContext,
  viewer: Viewer,
  agentId: string,
  leaseMs: number,
): Promise<BatchedReview | undefined> {
  const { coordinatorAgent, agentTimeoutMs } = context.settings;
  const actor = toActor(viewer);
  const request = { agentId, leaseMs, runId: newId('rvr'), coordinatorAgent, actor, agentTimeoutMs };
  const answer = await askOrNull(context.batches.reviewClaims, request);
  if (answer === null) return undefined;
  noteClaim(context, viewer, agentId, answer);
  if (answer.claimed === null) return null;
  const { task, run } = answer.claimed;
  const prompt = toReviewPrompt(task, answer.feedback);
  await writeReviewPrompt(context.database.pool, run.id, prompt);
  return { task, run: { ...run, prompt } };
}

function noteClaim(
  { database }: ServiceContext,
  viewer: Viewer,
  agentId: string,
  { claimed, hasNewStatus }: ReviewAnswer,
): void {
  const about = { actor: toActor(viewer), agentId };
  const events: NewEvent[] = [];
  if (claimed !== null) {
    const { taskId, round } = claimed.run;
    events.push({ ...about, type: 'review.claimed', taskId, payload: { round } });
  }
  if (hasNewStatus) events.push({ ...about, type: 'agent.status_changed' });
  if (events.length > 0) noteCommit(database, events);
}
