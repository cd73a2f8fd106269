import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { AgentRow } from '../agents/agents.js';
import { isReviewUnderWay } from '../runs/capacity.js';
import { reviewQueueOrder } from '../runs/queue-order.js';
import type { TaskRow } from '../tasks/tasks.js';
import type { ReviewRunRow } from './reviews.js';

/** A reviewer to which the server sends rounds. */
type Reviewer = Pick<AgentRow, 'id' | 'updatedAt'>;

/**
 * Locks the first task in REVIEW, in queue order, whose round may be sent to this reviewer: it has no running review and no
 * backoff, it was not escalated since the reviewer was last changed, and the reviewer has not worked on it. SKIP LOCKED:
 * concurrent processes get different tasks. Reads tasks_review_queue from its head.
 */
export async function takeRoundToSend(tx: Transaction, { id, updatedAt }: Reviewer): Promise<TaskRow | null> {
  return tx.one<TaskRow>({
    name: 'take_round_to_send',
    text: `SELECT t.* FROM tasks t WHERE t.status = 'REVIEW' AND t.assignee_id IS DISTINCT FROM $1
        AND NOT EXISTS (SELECT FROM review_runs r WHERE r.task_id = t.id AND r.round = t.review_round
          AND (${isReviewUnderWay('r')} OR r.retry_at > now() OR r.escalated_at >= $2))
        AND NOT EXISTS (SELECT FROM task_runs w WHERE w.task_id = t.id AND w.agent_id = $1)
      ORDER BY ${reviewQueueOrder('t')}
      LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED`,
    values: [id, updatedAt],
  });
}

/** The history of a round with the reviewers that it was sent to. */
export interface RoundFacts {
  /** The number of calls, including those that never began. */
  readonly tries: number;
  /** The number of failures since the round was last escalated. */
  readonly failures: number;
  /** Whether it has a running review or a backoff, or is escalated. */
  readonly isHeldBack: boolean;
}

/**
 * Reads the history of a round. The caller holds the task's row lock; this separate statement has a snapshot after the
 * lock, so it sees what the previous holder of the lock committed.
 */
export async function readRound(
  tx: Transaction,
  { id: taskId, reviewRound }: Pick<TaskRow, 'id' | 'reviewRound'>,
  { updatedAt }: Reviewer,
): Promise<RoundFacts> {
  const facts = await tx.one<RoundFacts>({
    name: 'read_round',
    text: `SELECT count(*) FILTER (WHERE trigger = 'DISPATCH')::int AS tries,
        count(*) FILTER (WHERE trigger = 'DISPATCH' AND outcome IN ('FAILED', 'TIMED_OUT')
          AND finished_at > coalesce(last_escalated_at, '-infinity'))::int AS failures,
        coalesce(bool_or(${isReviewUnderWay('r')} OR retry_at > now() OR escalated_at >= $3), false) AS is_held_back
      FROM (SELECT *, max(escalated_at) OVER () AS last_escalated_at FROM review_runs WHERE task_id = $1 AND round = $2) r`,
    values: [taskId, reviewRound, updatedAt],
  });
  if (facts === null) throw new Error('an aggregate returned no row');
  return facts;
}

/** Locks the review run in any state. The caller holds the lock of its task. */
export async function lockReviewRun(tx: Transaction, id: string): Promise<ReviewRunRow | null> {
  return tx.one<ReviewRunRow>({
    name: 'lock_review_run',
    text: 'SELECT * FROM review_runs WHERE id = $1 FOR NO KEY UPDATE',
    values: [id],
  });
}

/** Stores an answer that arrived after the run had ended, unless the run has one. */
export async function keepLateReview(tx: Transaction, id: string, output: string): Promise<void> {
  await tx.query({
    name: 'keep_late_review',
    text: `UPDATE review_runs SET output = $2 WHERE id = $1 AND outcome <> 'RUNNING' AND output IS NULL`,
    values: [id, output],
  });
}

/**
 * Takes over dispatched reviews whose lease has expired, earliest expiry first. Their process died, or it lost the database
 * and notices the takeover at its next renewal. `underWay` are the runs of this process, whose leases may have expired
 * during a database outage. SKIP LOCKED: concurrent processes take different runs.
 */
export async function adoptAbandonedReviews(
  executor: Executor,
  dispatcher: string,
  { limit, underWay }: { readonly limit: number; readonly underWay: readonly string[] },
): Promise<ReviewRunRow[]> {
  return query<ReviewRunRow>(executor, {
    name: 'adopt_abandoned_reviews',
    text: `UPDATE review_runs SET dispatcher = $1, lease_expires_at = now() + lease_ms * interval '1 millisecond'
      WHERE id IN (SELECT id FROM review_runs
        WHERE outcome = 'RUNNING' AND lease_expires_at <= now() AND trigger = 'DISPATCH'
          AND id <> ALL($3)
        ORDER BY lease_expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) RETURNING *`,
    values: [dispatcher, limit, underWay],
  });
}

/**
 * Milliseconds until the next backoff or lease of a dispatched review ends; null if there is none. One that has ended since
 * `since`, the begin of the job run, counts too: the run may have looked at it before, and nothing else would wake the next.
 */
export async function findNextReviewMs(executor: Executor, since: Date): Promise<number | null> {
  const [row] = await query<{ inMs: number }>(executor, {
    name: 'find_next_review',
    text: `SELECT greatest(0, extract(epoch FROM at - now()) * 1000)::float8 AS in_ms FROM (SELECT least(
        (SELECT min(retry_at) FROM review_runs WHERE retry_at >= $1),
        (SELECT min(lease_expires_at) FROM review_runs WHERE outcome = 'RUNNING' AND trigger = 'DISPATCH' AND lease_expires_at >= $1)
      ) AS at) next WHERE at IS NOT NULL`,
    values: [since],
  });
  return row?.inMs ?? null;
}

/** After a failure of the reviewer or a limit, sets the backoff of the round; after the last failure escalates it. */
export async function writeReviewSequel(
  tx: Transaction,
  id: string,
  sequel: { readonly retryInMs: number } | 'escalate',
): Promise<void> {
  const column = sequel === 'escalate' ? 'escalated_at' : 'retry_at';
  await tx.query({
    name: `write_review_${column}`,
    text: `UPDATE review_runs SET ${column} = now() + $2::float8 * interval '1 millisecond' WHERE id = $1`,
    values: [id, sequel === 'escalate' ? 0 : sequel.retryInMs],
  });
}
