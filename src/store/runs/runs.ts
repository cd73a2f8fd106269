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
