import { SYSTEM } from '../../domain/actor.js';
import { hasRoom } from '../../domain/runs/capacity.js';
import type { Gateway } from '../../gateway/gateway.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { type AgentRow, findAgent } from '../../store/agents/agents.js';
import { type RoundFacts, readRound, takeRoundToSend } from '../../store/reviews/review-dispatch.js';
import {
  countReviewsUnderWay,
  lockReviewer,
  openReviewRun,
  type ReviewRunRow,
} from '../../store/reviews/reviews.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import type { GatewayReachability } from '../dispatch/gateway-reachability.js';
import type { RunCalls } from '../dispatch/run-calls.js';
import { gatewayOf } from '../gateways-of-agents.js';
import { promptForReview } from './prompt-for-review.js';
import type { ReviewContext } from './review-context.js';

/** A round whose review run is inserted and whose call has not been sent yet. */
export interface OpenedReview {
  readonly run: ReviewRunRow;
  readonly task: TaskRow;
  readonly reviewer: AgentRow;
  readonly gateway: Gateway;
}

/**
 * The lease of a call to the reviewer. When a server is killed during a review, another process takes the review over
 * after this time.
 */
export const REVIEW_LEASE_MS = 30_000;

/**
 * Opens a review of the first round, in queue order, that may be sent to the reviewer. Null if there is none, the reviewer
 * has no free capacity, or its gateway is unreachable. Concurrent processes never open two reviews of one round, and never
 * exceed the reviewer's capacity.
 */
export async function openReview(
  context: ReviewContext,
  reachability: Pick<GatewayReachability, 'begin' | 'giveBack'>,
  calls: Pick<RunCalls, 'isLimited'>,
): Promise<OpenedReview | null> {
  const reviewer = await findAgent(context.database.pool, { name: context.settings.coordinatorAgent });
  const gateway = reviewer === null ? null : findGateway(context, reviewer);
  if (reviewer === null || gateway === null || calls.isLimited(reviewer.id)) return null;
  if (!reachability.begin(gateway.name)) return null;
  let opened: OpenedReview | null = null;
  try {
    opened = await openFor(context, reviewer, gateway);
  } finally {
    if (opened === null) reachability.giveBack(gateway.name);
  }
  return opened;
}

function openFor(context: ReviewContext, reviewer: AgentRow, gateway: Gateway): Promise<OpenedReview | null> {
  return inTransaction(context.database, async (tx) => {
    await lockReviewer(tx, reviewer.id);
    if (!hasRoom(await countReviewsUnderWay(tx, reviewer.id), reviewer.maxCapacity)) return null;
    const opened = await openRun(context, tx, reviewer, gateway);
    if (opened === null) return null;
    await announceStatus(context, tx, reviewer.id, SYSTEM, { seen: true });
    return { ...opened, reviewer, gateway };
  });
}

/** The gateway for calls to the reviewer; null if it may not be called now. */
function findGateway(context: ReviewContext, reviewer: AgentRow): Gateway | null {
  if (reviewer.delivery !== 'PUSH' || reviewer.pausedAt !== null) return null;
  return gatewayOf(context, reviewer.gateway);
}

async function openRun(
  context: ReviewContext,
  tx: Transaction,
  reviewer: AgentRow,
  gateway: Gateway,
): Promise<Pick<OpenedReview, 'run' | 'task'> | null> {
  for (;;) {
    const task = await takeRoundToSend(tx, reviewer);
    if (task === null) return null;
    const round = await readRound(tx, task, reviewer);
    // Another process took the round and released the row lock; the next query sees it.
    if (round.isHeldBack) continue;
    const run = await openReviewRun(tx, await planRun(context, tx, { task, round, reviewer, gateway }));
    if (run === null) continue;
    tx.emit({
      type: 'review.claimed',
      actor: SYSTEM,
      taskId: task.id,
      agentId: reviewer.id,
      payload: { round: run.round },
    });
    return { run, task };
  }
}

interface Plan {
  readonly task: TaskRow;
  readonly round: RoundFacts;
  readonly reviewer: AgentRow;
  readonly gateway: Gateway;
}

async function planRun(
  { settings, dispatcher }: ReviewContext,
  tx: Transaction,
  { task, round, reviewer, gateway }: Plan,
) {
  return {
    id: newId('rvr'),
    taskId: task.id,
    round: task.reviewRound,
    agentId: reviewer.id,
    trigger: 'DISPATCH',
    leaseMs: REVIEW_LEASE_MS,
    prompt: await promptForReview(tx, task),
    model: reviewer.dispatchModel ?? reviewer.defaultModel ?? settings.models.default,
    gateway: gateway.name,
    idempotencyKey: `review-${task.id}-${task.reviewRound}-${round.tries + 1}`,
    dispatcher,
  } as const;
}
