import type { SchedulerJob } from '../../generated/prisma/client.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';

/** The state of a job that all processes share. A job that never ran and was never paused has no row. */
export type SchedulerJobRow = SchedulerJob;

/** The result of one run of a job. */
export interface JobRecord {
  readonly name: string;
  readonly durationMs: number;
  readonly handled: number;
  /** Null if it succeeded. */
  readonly error: string | null;
}

/** The rows of all jobs that ever ran or were paused. */
export async function listJobRows(executor: Executor): Promise<SchedulerJobRow[]> {
  return query<SchedulerJobRow>(executor, { name: 'list_job_rows', text: 'SELECT * FROM scheduler_jobs' });
}

/** Whether the job is paused for all processes. Uses the primary key. */
export async function isJobRowPaused(executor: Executor, name: string): Promise<boolean> {
  const rows = await query(executor, {
    name: 'is_job_row_paused',
    text: 'SELECT name FROM scheduler_jobs WHERE name = $1 AND paused_at IS NOT NULL',
    values: [name],
  });
  return rows.length > 0;
}

/** Stores the result of the last run; a pause stays unchanged. */
export async function writeJobRecord(executor: Executor, record: JobRecord): Promise<void> {
  await query(executor, {
    name: 'write_job_record',
    text: `INSERT INTO scheduler_jobs (name, last_run_at, last_duration_ms, last_handled, last_error)
      VALUES ($1, now() - $2::int * interval '1 millisecond', $2, $3, $4)
      ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at, last_duration_ms = excluded.last_duration_ms,
        last_handled = excluded.last_handled, last_error = excluded.last_error`,
    values: [record.name, record.durationMs, record.handled, record.error],
  });
}

/** Pauses the job for all processes. Returns false if it is already paused. */
export async function pauseJobRow(tx: Transaction, name: string): Promise<boolean> {
  const row = await tx.one({
    name: 'pause_job_row',
    text: `INSERT INTO scheduler_jobs AS j (name, paused_at) VALUES ($1, now())
      ON CONFLICT (name) DO UPDATE SET paused_at = now() WHERE j.paused_at IS NULL RETURNING name`,
    values: [name],
  });
  return row !== null;
}

/** Resumes the job. Returns false if it is not paused. */
export async function resumeJobRow(tx: Transaction, name: string): Promise<boolean> {
  const row = await tx.one({
    name: 'resume_job_row',
    text: 'UPDATE scheduler_jobs SET paused_at = NULL WHERE name = $1 AND paused_at IS NOT NULL RETURNING name',
    values: [name],
  });
  return row !== null;
}
