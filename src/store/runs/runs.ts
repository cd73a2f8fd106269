import type { TaskRun } from '../../generated/prisma/client.js';
import { assignments } from '../../postgres/sql-assignments.js';
import type { Transaction } from '../../postgres/transaction.js';

export type TaskRunRow = TaskRun;

/** How a run can end. */
export type RunEnd = Exclude<TaskRunRow['outcome'], 'RUNNING'>;

/** The run in any state; null if there is none. */
export async function findRun(tx: Transaction, id: string): Promise<TaskRunRow | null> {
  return tx.one<TaskRunRow>({
    name: 'find_run',
    text: 'SELECT * FROM task_runs WHERE id = $1',
    values: [id],
  });
}

/** The run whose work a review round judges. Each successful run starts one round. */
export async function findJudgedRun(
  tx: Transaction,
  taskId: string,
  round: number,
): Promise<TaskRunRow | null> {
  return tx.one<TaskRunRow>({
    name: 'find_judged_run',
    text: `SELECT * FROM task_runs WHERE task_id = $1 AND outcome = 'SUCCEEDED' ORDER BY number LIMIT 1 OFFSET $2::int - 1`,
    values: [taskId, round],
  });
}

/**
 * Ends an open run and its lease; null if it has already ended. `finished_at` is the clock time and not the start of the
 * transaction: a concurrent heartbeat did not see the end, so the end must be after that heartbeat for the next one to
 * report it.
 */
export async function closeRun(
  tx: Transaction,
  id: string,
  outcome: RunEnd,
  facts: Partial<TaskRunRow> = {},
): Promise<TaskRunRow | null> {
  const { sql, values } = assignments(facts, 3);
  return tx.one<TaskRunRow>({
    text: `UPDATE task_runs SET ${sql.map((part) => `${part}, `).join('')} outcome = $2, finished_at = clock_timestamp(), lease_expires_at = NULL
      WHERE id = $1 AND outcome = 'RUNNING' RETURNING *`,
    values: [id, outcome, ...values],
  });
}

/** Renews the lease of an open run from now on, with the given or its previous length. Null if the run has ended. */
export async function renewRunLease(
  tx: Transaction,
  id: string,
  leaseMs: number | null,
): Promise<TaskRunRow | null> {
  return tx.one<TaskRunRow>({
    name: 'renew_run_lease',
    text: `UPDATE task_runs SET lease_ms = coalesce($2, lease_ms), lease_expiry_noted_at = NULL,
        lease_expires_at = now() + coalesce($2, lease_ms) * interval '1 millisecond'
      WHERE id = $1 AND outcome = 'RUNNING' RETURNING *`,
    values: [id, leaseMs],
  });
}

/**
 * Renews all leases of claimed runs of the agent in one statement. Only the dispatcher renews dispatched runs, so that its
 * death is noticed. Uses task_runs_open_by_agent.
 *
 * @param only - the ids of the runs to renew; null for all.
 */
export async function renewLeasesOfAgent(
  tx: Transaction,
  agentId: string,
  leaseMs: number | null,
  only: readonly string[] | null,
): Promise<TaskRunRow[]> {
  return tx.query<TaskRunRow>({
    name: 'renew_leases_of_agent',
    // Locks in id order, so that this cannot deadlock with a requeue of several tasks.
    text: `WITH held AS (
        SELECT id FROM task_runs WHERE agent_id = $1 AND outcome = 'RUNNING' AND trigger = 'CLAIM'
          AND ($3::text[] IS NULL OR id = ANY($3)) ORDER BY id FOR NO KEY UPDATE)
      UPDATE task_runs r SET lease_ms = coalesce($2, lease_ms), lease_expiry_noted_at = NULL,
        lease_expires_at = now() + coalesce($2, lease_ms) * interval '1 millisecond'
      FROM held WHERE r.id = held.id AND r.outcome = 'RUNNING' RETURNING r.*`,
    values: [agentId, leaseMs, only],
  });
}

/** Stores the progress of an open run. Null if the run has ended. */
export async function writeProgress(
  tx: Transaction,
  id: string,
  message: string,
  percent: number | null,
): Promise<TaskRunRow | null> {
  return tx.one<TaskRunRow>({
    name: 'write_progress',
    text: `UPDATE task_runs SET progress = $2, progress_percent = coalesce($3, progress_percent)
      WHERE id = $1 AND outcome = 'RUNNING' RETURNING *`,
    values: [id, message, percent],
  });
}

/** A run on a task, or a review, that ended without a call of its holder. */
export interface LostRunRow extends Pick<TaskRunRow, 'id' | 'taskId' | 'outcome'> {
  /** The round of a review; null for a run on a task. */
  readonly round: number | null;
  readonly lostReason: string;
}

function lostFrom(table: string, round: string): string {
  return `SELECT id, task_id, outcome, lost_reason, ${round} AS round, finished_at FROM ${table}
    WHERE agent_id = $1 AND finished_at > now() - interval '1 hour' AND trigger = 'CLAIM' AND lost_reason IS NOT NULL`;
}

/**
 * The runs and reviews that the agent lost in the last hour, the latest first, at most 100. By the instant of the end: a run whose end
 * was committed after a heartbeat, but began before it, is found by the next one. Uses
 * task_runs_agent_finished_idx and review_runs_lost_by_agent.
 */
export async function listLostRuns(tx: Transaction, agentId: string): Promise<LostRunRow[]> {
  return tx.query<LostRunRow>({
    name: 'list_lost_runs',
    text: `${lostFrom('task_runs', 'NULL::int')} UNION ALL ${lostFrom('review_runs', 'round')}
      ORDER BY finished_at DESC LIMIT 100`,
    values: [agentId],
  });
}
