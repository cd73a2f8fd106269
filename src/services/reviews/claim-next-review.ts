import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import { Refusal } from '../../domain/refusals.js';
import { hasRoom } from '../../domain/runs/capacity.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import type { AgentRow } from '../../store/agents/agents.js';
import { writeReviewPrompt } from '../../store/reviews/claim-reviews.js';
import {
  countReviewsUnderWay,
  findOpenReviewRunOf,
  lockReviewer,
  openReviewRun,
  type ReviewRunRow,
  renewReviewRun,
  takeReviewableTask,
} from '../../store/reviews/reviews.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { noteAgentAsked } from '../agents/settle-deliveries.js';
import { hasKeyEnded } from '../keys/read-api-keys.js';
import { type AgentRef, getActingAgent } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { claimReviewInBatch } from './claim-review-in-batch.js';
import { promptForReview } from './prompt-for-review.js';

/** A claimed round; all fields are null if none waits for this reviewer. */
export interface ClaimedReview {
  readonly task: TaskRow | null;
  readonly round: number | null;
  readonly runId: string | null;
  readonly prompt: string | null;
  readonly leaseExpiresAt: Date | null;
}

export interface ClaimNextReview {
  readonly agent?: AgentRef | null | undefined;
  /** Milliseconds. */
  readonly lease?: number | null | undefined;
  readonly waitSeconds?: number | null | undefined;
}

/** The maximum time between two queries. A round that was skipped because its row was locked causes no event. */
const MAX_WAIT_MS = 10_000;

const NOTHING: ClaimedReview = { task: null, round: null, runId: null, prompt: null, leaseExpiresAt: null };

/**
 * Hands the first task in REVIEW, in queue order, to a reviewer under a lease. It is never the reviewer's own work, and
 * never a round with a running review. A reviewer that holds a round gets that one again. With `waitSeconds` it waits for a
 * round, and answers nulls when the time has passed or `signal` reports that the caller disconnected.
 * @throws {QuotaExceeded} if too many claims of the key wait.
 * @throws {Refusal} FORBIDDEN unless the agent is the coordinator or has the role `reviewer`.
 */
export async function claimNextReview(
  context: ServiceContext,
  viewer: Viewer,
  input: ClaimNextReview,
  signal: AbortSignal,
): Promise<ClaimedReview> {
  checkFields(input, ['lease', 'waitSeconds']);
  const until = context.clock.now() + (input.waitSeconds ?? 0) * 1_000;
  // Starts before the first query, so that a round requested between the query and the wait is not missed.
  const waiter = context.reviewWaiters.watch(viewer.agentId ?? '');
  let endWait: (() => void) | undefined;
  try {
    for (;;) {
      const claimed = await claimOnce(context, viewer, input);
      await noteAgentAsked(context, await context.agentIds.idOf(viewer, input.agent));
      const restMs = until - context.clock.now();
      if (claimed !== null || restMs <= 0 || signal.aborted) return claimed ?? NOTHING;
      endWait ??= context.quotas.beginWait(viewer);
      await waiter.wait(Math.min(restMs, MAX_WAIT_MS), signal);
      if (signal.aborted || context.stopping() || (await hasKeyEnded(context, viewer))) return NOTHING;
    }
  } finally {
    endWait?.();
    waiter.end(false);
  }
}

/** Queries once. Each query updates `lastSeenAt`. */
async function claimOnce(
  context: ServiceContext,
  viewer: Viewer,
  input: ClaimNextReview,
): Promise<ClaimedReview | null> {
  const agentId = await context.agentIds.idOf(viewer, input.agent);
  const batched = await claimReviewInBatch(context, viewer, agentId, input.lease ?? LIMITS.leaseDefaultMs);
  if (batched !== undefined) return batched === null ? null : toClaimedReview(batched.task, batched.run);
  return inTransaction(context.database, async (tx) => {
    const agent = await getActingAgent(tx.executor, viewer, input.agent);
    checkIsReviewer(context, agent);
    await lockReviewer(tx, agent.id);
    const leaseMs = input.lease ?? LIMITS.leaseDefaultMs;
    const claimed = (await renewHeld(tx, agent, leaseMs)) ?? (await takeNew(tx, viewer, agent, leaseMs));
    await announceStatus(context, tx, agent.id, toActor(viewer), { seen: true });
    return claimed;
  });
}

function checkIsReviewer(context: ServiceContext, agent: AgentRow): void {
  if (agent.name === context.settings.coordinatorAgent || agent.role === 'reviewer') return;
  throw new Refusal(
    'FORBIDDEN',
    `${agent.name} is not a reviewer: give it the role "reviewer", or set MC_COORDINATOR_AGENT to its name.`,
    ['agent'],
  );
}

/** Renews and returns the round that the reviewer already holds. */
async function renewHeld(tx: Transaction, agent: AgentRow, leaseMs: number): Promise<ClaimedReview | null> {
  const held = await findOpenReviewRunOf(tx, agent.id);
  const task = held === null ? null : await lockTask(tx, { id: held.taskId });
  // The renewal must follow the task lock, which prevents a concurrent verdict or requeue of the round.
  const renewed = held === null ? null : await renewReviewRun(tx, held.id, leaseMs);
  if (task === null || renewed === null) return null;
  if (renewed.prompt !== null) return toClaimedReview(task, renewed);
  // The process that claimed the round has ended before it stored the prompt.
  const prompt = await promptForReview(tx, task);
  await writeReviewPrompt(tx.executor, renewed.id, prompt);
  return toClaimedReview(task, { ...renewed, prompt });
}

async function takeNew(
  tx: Transaction,
  viewer: Viewer,
  agent: AgentRow,
  leaseMs: number,
): Promise<ClaimedReview | null> {
  if (agent.pausedAt !== null) return null;
  if (!hasRoom(await countReviewsUnderWay(tx, agent.id), agent.maxCapacity)) return null;
  for (;;) {
    const task = await takeReviewableTask(tx, agent.id);
    if (task === null) return null;
    const run = await openReviewRun(tx, {
      id: newId('rvr'),
      taskId: task.id,
      round: task.reviewRound,
      agentId: agent.id,
      leaseMs,
      prompt: await promptForReview(tx, task),
    });
    // Another reviewer took the round; the next query sees it.
    if (run === null) continue;
    tx.emit({
      type: 'review.claimed',
      actor: toActor(viewer),
      taskId: task.id,
      agentId: agent.id,
      payload: { round: run.round },
    });
    return toClaimedReview(task, run);
  }
}

function toClaimedReview(task: TaskRow, run: ReviewRunRow): ClaimedReview {
  const { id: runId, round, prompt, leaseExpiresAt } = run;
  return { task, round, runId, prompt, leaseExpiresAt };
}
