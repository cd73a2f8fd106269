import { toActor, type Viewer } from '../../domain/actor.js';
import type { EventType } from '../../domain/events/event-types.js';
import { Refusal } from '../../domain/refusals.js';
import { toDate } from '../../kernel/clock.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { readNow } from '../../store/ops/database-clock.js';
import {
  isJobRowPaused,
  type JobRecord,
  listJobRows,
  pauseJobRow,
  resumeJobRow,
  type SchedulerJobRow,
  writeJobRecord,
} from '../../store/ops/scheduler-jobs.js';
import { toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

/** The state of a job: the row that all processes share, and the plan of this process. */
export interface SchedulerJobState extends Omit<SchedulerJobRow, 'pausedAt'> {
  readonly paused: boolean;
  /** The fallback interval, in milliseconds. */
  readonly everyMs: number;
  /** Null while it runs or is paused, and where this process runs no jobs. */
  readonly nextRunAt: Date | null;
}

/** The jobs of the scheduler, in its order. */
export async function listSchedulerJobs({
  database,
  jobs,
}: Pick<ServiceContext, 'database' | 'jobs'>): Promise<SchedulerJobState[]> {
  const [listed, now] = await Promise.all([listJobRows(database.pool), readNow(database.pool)]);
  const rows = new Map(listed.map((row) => [row.name, row]));
  return jobs.names.map((name) => {
    const row = rows.get(name);
    const paused = row !== undefined && row.pausedAt !== null;
    const nextRunInMs = paused ? null : jobs.nextRunInMs(name);
    return {
      name,
      paused,
      everyMs: jobs.everyMs(name),
      lastRunAt: row?.lastRunAt ?? null,
      lastDurationMs: row?.lastDurationMs ?? null,
      lastHandled: row?.lastHandled ?? null,
      lastError: row?.lastError ?? null,
      nextRunAt: nextRunInMs === null ? null : toDate(now.getTime() + nextRunInMs),
    };
  });
}

/**
 * Runs a job once in this process now, even if it is paused.
 * @throws {Refusal} NOT_FOUND, with the names of all jobs.
 */
export async function runSchedulerJob(
  context: Pick<ServiceContext, 'database' | 'jobs'>,
  name: string,
): Promise<{ readonly job: SchedulerJobState; readonly handled: number }> {
  checkName(context, name);
  const handled = await context.jobs.runOnce(name);
  return { job: await getJob(context, name), handled };
}

/** Pauses a job in all processes until it is resumed. A current run still completes. @throws {Refusal} NOT_FOUND */
export async function pauseSchedulerJob(
  context: Pick<ServiceContext, 'database' | 'jobs'>,
  viewer: Viewer,
  name: string,
): Promise<SchedulerJobState> {
  return change(context, viewer, name, pauseJobRow, 'scheduler.paused', `${name} is paused.`);
}

/** Resumes a job; the event wakes it in all processes. @throws {Refusal} NOT_FOUND */
export async function resumeSchedulerJob(
  context: Pick<ServiceContext, 'database' | 'jobs'>,
  viewer: Viewer,
  name: string,
): Promise<SchedulerJobState> {
  return change(context, viewer, name, resumeJobRow, 'scheduler.resumed', `${name} is resumed.`);
}

/** Whether the job is paused. Every run checks this, so pausing in one process pauses all. */
export function isJobPaused({ database }: Pick<ServiceContext, 'database'>, name: string): Promise<boolean> {
  return isJobRowPaused(database.pool, name);
}

/** Stores the result of the last run of a job for all processes. */
export function recordJobRun(
  { database }: Pick<ServiceContext, 'database'>,
  record: JobRecord,
): Promise<void> {
  return writeJobRecord(database.pool, record);
}

async function change(
  context: Pick<ServiceContext, 'database' | 'jobs'>,
  viewer: Viewer,
  name: string,
  write: (tx: Transaction, name: string) => Promise<boolean>,
  type: EventType,
  message: string,
): Promise<SchedulerJobState> {
  checkName(context, name);
  await inTransaction(context.database, async (tx) => {
    if (await write(tx, name)) tx.emit({ type, actor: toActor(viewer), payload: { job: name, message } });
  });
  return getJob(context, name);
}

function checkName({ jobs }: Pick<ServiceContext, 'jobs'>, name: string): void {
  if (jobs.names.includes(name)) return;
  throw new Refusal('NOT_FOUND', `There is no job ${toShown(name)}. The jobs are ${jobs.names.join(', ')}.`, [
    'name',
  ]);
}

async function getJob(
  context: Pick<ServiceContext, 'database' | 'jobs'>,
  name: string,
): Promise<SchedulerJobState> {
  const job = (await listSchedulerJobs(context)).find((each) => each.name === name);
  if (job === undefined) throw new Error(`job ${name} disappeared from the list of jobs`);
  return job;
}
