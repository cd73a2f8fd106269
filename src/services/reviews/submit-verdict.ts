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
import { type AgentRef, getActingAgent, lockTaskByRef, noSuchTask, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { addCommentIn } from '../tasks/add-comment.js';
import { canSeeTask } from '../tasks/task-visibility.js';

export interface SubmitVerdict {
  readonly task: TaskRef;
  readonly verdict: Verdict;
  readonly feedback?: string | null | undefined;
  /** The round it judges; the current one if left out. */
  readonly round?: number | null | undefined;
  /** The agent whose verdict an operator hands in. */
  readonly reviewer?: AgentRef | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export interface SubmittedVerdict {
  readonly task: TaskRow;
  readonly review: ReviewRow;
}

/**
 * Judges a round of a task in REVIEW. A verdict on a round that is over is recorded as superseded and changes nothing.
 * @throws {Refusal} NOT_FOUND, SELF_REVIEW from whoever worked on the task, FORBIDDEN from an agent that has not claimed the review,
 * INVALID for a rejection without feedback or a round that is still to come.
 */
export async function submitVerdict(
  context: ServiceContext,
  viewer: Viewer,
  input: SubmitVerdict,
): Promise<SubmittedVerdict> {
  checkFields(input, ['feedback', 'idempotencyKey']);
  if (input.verdict === 'REJECTED' && (input.feedback ?? '').trim() === '') {
    throw new Refusal('INVALID', 'A rejection needs feedback: say what has to change.', ['feedback']);
  }
  return inTransaction(context.database, async (tx) => {
    const task = await lockTaskByRef(tx, input.task);
    const id = newId('rev');
    const earlier = await findEarlier(tx, viewer, 'submitVerdict', input, id);
    const repeated = earlier === null ? null : await findReview(tx, earlier);
    if (repeated !== null) return { task, review: repeated };

    if (!(await mayKnow(context, tx, viewer, task))) throw noSuchTask(input.task);
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

/** To an agent, a task that it may not see does not exist. The coordinator judges any, also one that is out of its sight by now. */
async function mayKnow(
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

/** Who judges: the agent of the key, the agent that an operator names, or the operator's own key. */
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

/** A round of a task, and who wants to judge it. */
interface Hearing {
  readonly task: TaskRow;
  readonly round: number;
  readonly reviewer: Actor;
}

/** Nobody judges their own work; an agent judges the rounds it has claimed, or any if it is the coordinator. */
async function checkReviewer(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  { task, round, reviewer }: Hearing,
): Promise<void> {
  if (reviewer.agentId !== null && (await hasWorkedOn(tx, task.id, reviewer.agentId))) {
    throw new Refusal(
      'SELF_REVIEW',
      `Whoever worked on TASK-${task.number} can't judge it: leave it to another reviewer.`,
    );
  }
  if (hasRole(viewer, 'OPERATOR') || reviewer.agentId === null) return;
  const { coordinatorAgent } = context.settings;
  if (await isEntitledReviewer(tx, { taskId: task.id, round, agentId: reviewer.agentId, coordinatorAgent }))
    return;
  throw new Refusal('FORBIDDEN', 'Claim the review first: claimNextReview.', ['task']);
}

export interface Judgement {
  /** Of the row that will hold it. */
  readonly id: string;
  readonly round: number;
  readonly verdict: Verdict;
  readonly feedback: string | null;
  readonly reviewer: Actor;
  /** Its reviewer has lost the round, so it is recorded as superseded whatever the task waits for. */
  readonly isLate?: boolean;
}

/**
 * Records a verdict and does what follows from it, in a transaction that holds the task's row lock. Who may judge is for
 * the caller to check.
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
