import { SYSTEM } from '../../domain/actor.js';
import { decideReviewStall, explainStall } from '../../domain/runs/stall.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { closeReviewRun } from '../../store/reviews/reviews.js';
import { type ReviewLease, readLease, takeLeasedTask } from '../../store/runs/expired-leases.js';
import { announceStatus } from '../agents/announce-status.js';
import { type Sweep, sweepEndedLeases } from '../runs/sweep-ended-leases.js';
import type { ServiceContext } from '../service-context.js';

/**
 * Releases the rounds of reviewers whose lease has expired: at once if the reviewer is offline, after a grace period if it
 * is alive. The task stays in REVIEW, and any reviewer can claim the round, including the same one.
 */
export async function releaseStaleReviews(
  context: Pick<ServiceContext, 'database' | 'settings'>,
): Promise<Sweep> {
  return sweepEndedLeases(context, {
    kind: 'review',
    keptUntil(lease) {
      const decision = decideReviewStall(lease, lease.nowAt, context.settings);
      return decision.verdict === 'keep' ? decision.untilAt : null;
    },
    settle: (lease) => inTransaction(context.database, (tx) => settle(context, tx, lease)),
  });
}

async function settle(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  listed: ReviewLease,
): Promise<boolean> {
  const task = await takeLeasedTask(tx, 'review', listed);
  const lease = task === null ? null : await readLease(tx, 'review', listed.runId);
  if (task === null || lease === null) return false;
  if (decideReviewStall(lease, lease.nowAt, context.settings).verdict === 'keep') return false;
  const reason = explainStall(lease, lease.nowAt, context.settings);
  await closeReviewRun(tx, lease.runId, 'REQUEUED', { lostReason: reason });
  tx.emit({
    type: 'review.requeued',
    actor: SYSTEM,
    taskId: task.id,
    agentId: lease.agentId,
    payload: { round: lease.round, reason, reviewRunId: lease.runId },
  });
  await announceStatus(context, tx, lease.agentId, SYSTEM);
  return true;
}
