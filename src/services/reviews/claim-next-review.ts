import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import { Refusal } from '../../domain/refusals.js';
import { hasRoom } from '../../domain/runs/capacity.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import type { AgentRow } from '../../store/agents/agents.js';
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
import { hasKeyEnded } from '../keys/read-api-keys.js';
import { type AgentRef, getActingAgent } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { promptForReview } from './prompt-for-review.js';

/** A round to judge, or nulls: nothing waits for this reviewer. */
export interface ClaimedReview {
  readonly task: TaskRow | null;
  readonly round: number | null;
  readonly prompt: string | null;
  readonly leaseExpiresAt: Date | null;
}

export interface ClaimNextReview {
  readonly agent?: AgentRef | null | undefined;
  /** Milliseconds. */
  readonly lease?: number | null | undefined;
  readonly waitSeconds?: number | null | undefined;
}

/** At most so long between two looks, for a round whose row somebody held for a moment: that is announced to nobody. */
const MAX_WAIT_MS = 10_000;

const NOTHING: ClaimedReview = { task: null, round: null, prompt: null, leaseExpiresAt: null };

/**
 * Hands the first task in REVIEW, in queue order, to a reviewer under a lease. Never the reviewer's own work, and never a
 * round that somebody judges already. A reviewer that holds a round gets that one again. With `waitSeconds` it answers as
 * soon as there is a round, and with nulls when the time is over or `signal` says that the caller has gone.
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
  // Watching begins before the first look, so that a round requested between look and wait is not missed.
  const watch = context.reviewWaiters.watch(viewer.agentId ?? '');
  try {
    for (;;) {
      const claimed = await claimOnce(context, viewer, input);
      const restMs = until - context.clock.now();
      if (claimed !== null || restMs <= 0 || signal.aborted) return claimed ?? NOTHING;
      await watch.wait(Math.min(restMs, MAX_WAIT_MS), signal);
      if (signal.aborted || context.stopping() || (await hasKeyEnded(context, viewer))) return NOTHING;
    }
  } finally {
    watch.end(false);
  }
}

/** Each look is a sign of life. */
async function claimOnce(
  context: ServiceContext,
  viewer: Viewer,
  input: ClaimNextReview,
): Promise<ClaimedReview | null> {
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
    `${agent.name} is no reviewer: give it the role "reviewer", or name it in MC_COORDINATOR_AGENT.`,
    ['agent'],
  );
}

/** The round that the reviewer holds already, its lease renewed. */
async function renewHeld(tx: Transaction, agent: AgentRow, leaseMs: number): Promise<ClaimedReview | null> {
  const held = await findOpenReviewRunOf(tx, agent.id);
  const task = held === null ? null : await lockTask(tx, { id: held.taskId });
  // Only with the task locked can nobody judge or requeue the round any more.
  const renewed = held === null ? null : await renewReviewRun(tx, held.id, leaseMs);
  return task === null || renewed === null ? null : toClaimedReview(task, renewed);
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
    // Somebody was faster; the next look sees it.
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
  return { task, round: run.round, prompt: run.prompt, leaseExpiresAt: run.leaseExpiresAt };
}
