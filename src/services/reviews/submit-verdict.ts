import { type Actor, hasRole, toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { InvalidTransition, Refusal } from '../../domain/refusals.js';
import {
  decideVerdict,
  gatherFeedback,
  type Verdict,
  type VerdictDecision,
} from '../../domain/reviews/verdict.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  findOpenReviewRun,
  findReview,
  hasWorkedOn,
  insertReview,
  isEntitledReviewer,
  listRejections,
  type ReviewRow,
} from '../../store/reviews/reviews.js';
import { findJudgedRun } from '../../store/runs/runs.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { findEarlier } from '../idempotency.js';
import { moveTask } from '../moves/move-task.js';
import { sayIfPinnedToOffline } from '../moves/say-offline.js';
import { getActingAgent, lockTaskByRef, noSuchTask } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { addCommentIn } from '../tasks/add-comment.js';
import { canSeeTask } from '../tasks/task-visibility.js';
import { judgeInBatch } from './judge-in-batch.js';
import type { SubmitVerdict } from './verdict-input.js';

export type { SubmitVerdict };

export interface SubmittedVerdict {
  readonly task: TaskRow;
  readonly review: ReviewRow;
}

/**
 * Submits the verdict of a review round. A verdict on a round that has ended is recorded as superseded and changes nothing.
 * @throws {Refusal} NOT_FOUND; SELF_REVIEW for an agent that worked on the task; FORBIDDEN for an agent that has not
 * claimed the round; INVALID for a rejection without feedback or a round that does not exist.
 */
export async function submitVerdict(
  context: ServiceContext,
  viewer: Viewer,
  input: SubmitVerdict,
): Promise<SubmittedVerdict> {
  checkFields(input, ['feedback', 'idempotencyKey']);
  if (input.verdict === 'REJECTED' && (input.feedback ?? '').trim() === '') {
    throw new Refusal('INVALID', 'A rejection needs feedback: state what has to change.', ['feedback']);
  }
  const judged = await judgeInBatch(context, viewer, input);
  if (judged !== null) return judged;
  return inTransaction(context.database, async (tx) => {
    const task = await lockTaskByRef(tx, input.task);
    const id = newId('rev');
    const earlier = await findEarlier(tx, viewer, 'submitVerdict', input, id);
    const repeated = earlier === null ? null : await findReview(tx, earlier);
    if (repeated !== null) return { task, review: repeated };

    if (!(await maySeeTask(context, tx, viewer, task))) throw noSuchTask(input.task);
    const reviewer = await findReviewer(tx, viewer, input);
    const round = checkRound(task, input.round);
    await checkReviewer(context, tx, viewer, { task, round, reviewer });
    return judgeRound(context, tx, task, {
      id,
      round,
      verdict: input.verdict,
      feedback: input.feedback ?? null,
      reviewer,
    });
  });
}

/** Whether the viewer may see the task. The coordinator, or a reviewer of the round, may judge it even if it cannot see it any more. */
async function maySeeTask(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  { id: taskId, reviewRound: round }: TaskRow,
): Promise<boolean> {
  if (await canSeeTask(context, tx, viewer, { id: taskId })) return true;
  const { agentId } = viewer;
  const { coordinatorAgent } = context.settings;
  return agentId !== null && isEntitledReviewer(tx, { taskId, round, agentId, coordinatorAgent });
}

/** The reviewer: the agent of the key, the agent that an operator gives, or the operator's own key. */
async function findReviewer(tx: Transaction, viewer: Viewer, input: SubmitVerdict): Promise<Actor> {
  if (viewer.agentId === null && !input.reviewer) return toActor(viewer);
  const agent = await getActingAgent(tx.executor, viewer, input.reviewer, ['reviewer']);
  return { keyId: null, agentId: agent.id };
}

function checkRound(task: TaskRow, round: number | null | undefined): number {
  if (task.reviewRound === 0) {
    throw new InvalidTransition(task.status, 'DONE', 'judge');
  }
  const judged = round ?? task.reviewRound;
  if (judged < 1 || judged > task.reviewRound) {
    throw new Refusal(
      'INVALID',
      `The last round of TASK-${task.number} is ${task.reviewRound}: there is no round ${judged}.`,
      ['round'],
    );
  }
  return judged;
}

/** A review round and the actor that wants to judge it. */
interface ReviewAttempt {
  readonly task: TaskRow;
  readonly round: number;
  readonly reviewer: Actor;
}

/** An agent may not judge its own work. It may judge the rounds that it has claimed; the coordinator may judge any round. */
async function checkReviewer(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  { task, round, reviewer }: ReviewAttempt,
): Promise<void> {
  if (reviewer.agentId !== null && (await hasWorkedOn(tx, task.id, reviewer.agentId))) {
    throw new Refusal(
      'SELF_REVIEW',
      `An agent that worked on TASK-${task.number} cannot review it: leave it to another reviewer.`,
    );
  }
  if (hasRole(viewer, 'OPERATOR') || reviewer.agentId === null) return;
  const { coordinatorAgent } = context.settings;
  if (await isEntitledReviewer(tx, { taskId: task.id, round, agentId: reviewer.agentId, coordinatorAgent }))
    return;
  throw new Refusal('FORBIDDEN', 'Claim the review first with claimNextReview.', ['task']);
}

export interface Judgement {
  /** The id for the new review. */
  readonly id: string;
  readonly round: number;
  readonly verdict: Verdict;
  readonly feedback: string | null;
  readonly reviewer: Actor;
  /** The reviewer has lost the round, so the verdict is recorded as superseded in any case. */
  readonly isLate?: boolean;
}

/**
 * Records a verdict and applies its consequences. The caller holds the task's row lock and has checked that the reviewer
 * may judge.
 */
export async function judgeRound(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  task: TaskRow,
  judgement: Judgement,
): Promise<SubmittedVerdict> {
  const decision: VerdictDecision =
    judgement.isLate === true
      ? { effect: 'superseded' }
      : decideVerdict(task, judgement.verdict, judgement.round);
  const run = await findJudgedRun(tx, task.id, judgement.round);
  const review = await insertReview(tx, {
    id: judgement.id,
    taskId: task.id,
    round: judgement.round,
    runId: run?.id ?? null,
    reviewerKeyId: judgement.reviewer.keyId,
    reviewerAgentId: judgement.reviewer.agentId,
    verdict: judgement.verdict,
    feedback: judgement.feedback,
    superseded: decision.effect === 'superseded',
  });
  tx.emit({
    type: 'review.submitted',
    actor: judgement.reviewer,
    taskId: task.id,
    agentId: task.assigneeId,
    reviewId: review.id,
    payload: { round: judgement.round },
    since: task.status === 'REVIEW' ? task.statusAt : null,
  });
  const reviewRun = await findOpenReviewRun(tx, task.id);
  const judged = await applyDecision(tx, task, judgement, decision);
  if (decision.effect === 'rework') await sayIfPinnedToOffline(context.settings, tx, judged);
  const reviewers = new Set(
    [reviewRun?.agentId, judgement.reviewer.agentId].filter((each) => typeof each === 'string'),
  );
  for (const agentId of [...reviewers].sort()) {
    await announceStatus(context, tx, agentId, judgement.reviewer, {
      seen: agentId === judgement.reviewer.agentId,
    });
  }
  return { task: judged, review };
}

async function applyDecision(
  tx: Transaction,
  task: TaskRow,
  { reviewer: actor, feedback }: Judgement,
  decision: VerdictDecision,
): Promise<TaskRow> {
  if (decision.effect === 'superseded') return task;
  if (decision.effect === 'approve') {
    return moveTask(tx, task, { to: 'DONE', verb: 'approve', actor, event: 'task.approved' });
  }
  const rejected = await moveTask(tx, task, {
    to: 'REJECTED',
    verb: 'reject',
    actor,
    event: 'task.rejected',
    reason: feedback ?? undefined,
    changes: { reviewCycles: decision.cycles },
  });
  await addCommentIn(tx, actor, rejected, `Rejected in review (${decision.cycles} of 3): ${feedback}`);
  if (decision.effect === 'rework') {
    return moveTask(tx, rejected, {
      to: 'ASSIGNED',
      verb: 'rework',
      actor,
      event: 'task.requeued',
      reason: 'rejected in review',
    });
  }
  const failureDetail = gatherFeedback(await listRejections(tx, task.id, decision.cycles));
  return moveTask(tx, rejected, {
    to: 'FAILED',
    verb: 'reject',
    actor,
    event: 'task.failed',
    reason: failureDetail,
    changes: { failureReason: 'REVIEW_CYCLES_EXHAUSTED', failureDetail },
  });
}
