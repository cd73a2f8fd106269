import { SYSTEM } from '../../domain/actor.js';
import { decideReviewerFailure, explainEscalation } from '../../domain/reviews/reviewer-failure.js';
import { newId, randomFraction } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { type AgentRow, findAgent } from '../../store/agents/agents.js';
import { writeAgentError } from '../../store/dispatch/dispatch.js';
import {
  keepLateReview,
  lockReviewRun,
  readRound,
  writeReviewSequel,
} from '../../store/reviews/review-dispatch.js';
import { closeReviewRun, type ReviewRunRow } from '../../store/reviews/reviews.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import type { CallEnding } from '../dispatch/gateway-call.js';
import { addCommentIn } from '../tasks/add-comment.js';
import { type ReviewEnding, readReviewEnding } from './read-review-ending.js';
import type { ReviewContext } from './review-context.js';
import { judgeRound } from './submit-verdict.js';

/**
 * Writes the result of a call to the reviewer, exactly once. A verdict is applied. A failure sets the backoff of the round
 * or escalates it to a person. A call that never began changes no counter, and a provider's limit is waited for. If the round has ended in the meantime, the
 * answer is stored on its run, its verdict is recorded as superseded, and nothing else changes.
 */
export async function settleReview(
  context: ReviewContext,
  { id, taskId, gateway }: Pick<ReviewRunRow, 'id' | 'taskId' | 'gateway'>,
  callEnding: CallEnding,
): Promise<void> {
  const ending = readReviewEnding(callEnding, gateway ?? '');
  await inTransaction(context.database, async (tx) => {
    const task = await lockTask(tx, { id: taskId });
    const run = await lockReviewRun(tx, id);
    const reviewer = run === null ? null : await findAgent(tx.executor, { id: run.agentId });
    if (task === null || run === null || reviewer === null)
      throw new Error(`review run ${id}, its task or its reviewer does not exist`);
    const review = { task, run, reviewer };
    if (run.outcome !== 'RUNNING') return keepLate(context, tx, review, ending);
    if (ending.kind === 'verdict') return applyVerdict(context, tx, review, ending);
    // Another process took over the call, so only that process may record a failure.
    if (run.dispatcher !== context.dispatcher) return;
    if (ending.kind === 'failure') await countFailure(context, tx, review, ending);
    else await releaseRound(tx, review, ending);
    await announceStatus(context, tx, reviewer.id, SYSTEM);
  });
}

/** The review to settle, with its locked task and run. */
interface Review {
  readonly task: TaskRow;
  readonly run: ReviewRunRow;
  readonly reviewer: AgentRow;
}

type Reading<Kind extends ReviewEnding['kind']> = Extract<ReviewEnding, { readonly kind: Kind }>;

async function keepLate(
  context: ReviewContext,
  tx: Transaction,
  review: Review,
  ending: ReviewEnding,
): Promise<void> {
  if (ending.output !== null) await keepLateReview(tx, review.run.id, ending.output);
  if (ending.kind === 'verdict') await judge(context, tx, review, ending, true);
}

async function applyVerdict(
  context: ReviewContext,
  tx: Transaction,
  review: Review,
  ending: Reading<'verdict'>,
): Promise<void> {
  const { run, reviewer } = review;
  await closeReviewRun(tx, run.id, 'SUCCEEDED', said(run, ending));
  await judge(context, tx, review, ending, false);
  if (reviewer.errorAt === null) return;
  // Agents are locked last.
  await writeAgentError(tx, reviewer.id, false);
  await announceStatus(context, tx, reviewer.id, SYSTEM);
}

async function judge(
  context: ReviewContext,
  tx: Transaction,
  { task, run, reviewer }: Review,
  { verdict, feedback }: Reading<'verdict'>,
  isLate: boolean,
): Promise<void> {
  await judgeRound(context, tx, task, {
    id: newId('rev'),
    round: run.round,
    verdict,
    feedback,
    reviewer: { keyId: null, agentId: reviewer.id },
    isLate,
  });
}

async function countFailure(
  { settings }: ReviewContext,
  tx: Transaction,
  { task, run, reviewer }: Review,
  ending: Reading<'failure'>,
): Promise<void> {
  const { error, outcome, permanent } = ending;
  const failures = (await readRound(tx, task, reviewer)).failures + 1;
  const decision = decideReviewerFailure(failures, permanent, {
    restMs: settings.dispatch.backoffMs,
    random: randomFraction(),
  });
  await closeReviewRun(tx, run.id, outcome, { ...said(run, ending), error });
  const common = { actor: SYSTEM, taskId: task.id, agentId: reviewer.id } as const;
  const payload = { round: run.round, reason: error };
  if (decision.effect === 'retry') {
    await writeReviewSequel(tx, run.id, { retryInMs: decision.afterMs });
    tx.emit({ ...common, type: 'review.failed', payload });
    return;
  }
  await writeReviewSequel(tx, run.id, 'escalate');
  tx.emit({ ...common, type: 'review.failed', payload });
  const explanation = explainEscalation(reviewer.name, failures, error);
  tx.emit({ ...common, type: 'review.escalated', payload: { round: run.round, reason: explanation } });
  await addCommentIn(tx, SYSTEM, task, explanation);
  if (permanent) await writeAgentError(tx, reviewer.id, true);
}

async function releaseRound(
  tx: Transaction,
  { task, run, reviewer }: Review,
  { error, retryAfterMs, refused }: Reading<'released'>,
): Promise<void> {
  await closeReviewRun(tx, run.id, 'RELEASED', { error, refused });
  // Stored, so that all processes respect the limit.
  if (retryAfterMs !== null) await writeReviewSequel(tx, run.id, { retryInMs: retryAfterMs });
  tx.emit({
    type: 'review.requeued',
    actor: SYSTEM,
    taskId: task.id,
    agentId: reviewer.id,
    payload: { round: run.round, reason: error, reviewRunId: run.id },
  });
}

/** The answer of the reviewer as columns of its run. */
function said(run: ReviewRunRow, { output, usage, model }: ReviewEnding): Partial<ReviewRunRow> {
  return {
    output,
    model: model ?? run.model,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    costUsd: usage?.costUsd ?? null,
  };
}
