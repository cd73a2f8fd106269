import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Job, JobRun } from './job.js';

/** The result of one run, for the table that all processes share. */
export interface JobRunRecord {
  readonly name: string;
  readonly durationMs: number;
  readonly handled: number;
  /** The error, without anything that a reader of the API must not see. Null after a success. */
  readonly error: string | null;
}

/** What the runs of a job need. */
export interface JobRunOptions {
  readonly instrument: Instrument;
  readonly clock: Clock;
  isPaused(name: string): Promise<boolean>;
  /** Whether an error means only that the database is unavailable, which the feed reports already. */
  isOutage?(error: unknown): boolean;
  record(run: JobRunRecord): Promise<void>;
}

/** Runs one job, and times, reports and records each run. */
export interface JobRuns {
  /** Runs the job unless it is paused. Returns the milliseconds to pause afterwards. Never rejects. */
  runIfActive(): Promise<number>;
  /** Runs the job even if it is paused. Rejects with the error of the run. */
  runNow(): Promise<JobRun>;
}

/** The shortest time between two records of runs that changed nothing, so that an idle server writes little. */
const RECORD_EVERY_MS = 30_000;

/** Creates the runs of a job. */
export function createJobRuns(
  job: Job,
  { instrument, clock, isPaused, isOutage, record }: JobRunOptions,
): JobRuns {
  let recordedAt = Number.NEGATIVE_INFINITY;
  let recordedError: string | null = null;
  let failingWith: string | null = null;

  async function runNow(): Promise<JobRun> {
    const begunAt = clock.now();
    const facts = (handled: number) => ({ name: job.name, handled, durationMs: clock.now() - begunAt });
    try {
      const run = await runObserved();
      const { name, ...others } = facts(run.handled);
      instrument.emit('debug', 'job.finished', `Job ${name} has run`, { job: name, ...others });
      await write({ ...facts(run.handled), error: null });
      return run;
    } catch (error) {
      const { name, durationMs } = facts(0);
      instrument.emit('debug', 'job.run_failed', `A run of job ${name} failed`, { job: name, durationMs });
      await write({ ...facts(0), error: describe(error) });
      throw error;
    }
  }

  function runObserved(): Promise<JobRun> {
    let handled = 0;
    const activity = { name: 'job.run', facts: { job: job.name }, outcome: () => ({ handled }) };
    return instrument.within(activity, async () => {
      const run = await job.runOnce();
      handled = run.handled;
      return run;
    });
  }

  async function write(run: JobRunRecord): Promise<void> {
    const isNews = run.handled > 0 || run.error !== recordedError;
    if (!isNews && clock.now() - recordedAt < RECORD_EVERY_MS) return;
    try {
      await record(run);
      recordedAt = clock.now();
      recordedError = run.error;
    } catch (error) {
      // The run itself succeeded or reported its error. If the database is unavailable, the next run reports that.
      instrument.emit('debug', 'job.record_failed', `The last run of job ${job.name} could not be recorded`, {
        job: job.name,
        error,
      });
    }
  }

  /** Reports a failure only if the previous run did not fail in the same way, and a recovery once. */
  function report(failure: string | null, error?: unknown): void {
    if (failure === failingWith) return;
    if (failure === null)
      instrument.emit('info', 'job.recovered', `Job ${job.name} works again`, { job: job.name });
    else
      instrument.emit('error', 'job.failed', `Job ${job.name} failed and will be retried`, {
        job: job.name,
        error,
      });
    failingWith = failure;
  }

  return {
    runNow,
    async runIfActive() {
      try {
        if (await isPaused(job.name)) return job.everyMs;
        const { nextInMs = job.everyMs } = await runNow();
        report(null);
        return Math.min(job.everyMs, Math.max(0, Math.ceil(nextInMs)));
      } catch (error) {
        if (!isOutage?.(error)) report(String(error), error);
        return job.everyMs;
      }
    },
  };
}

/** The type of an error and its code. Its message may contain SQL, an address or a row, so it is only in the log. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'The job failed; the log has the error.';
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `The job failed (${error.name}${code}); the log has the error.`;
}
