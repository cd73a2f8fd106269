import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Job, JobTurn } from './job.js';

/** The result of one turn, for the table that all processes share. */
export interface TurnRecord {
  readonly name: string;
  readonly durationMs: number;
  readonly handled: number;
  /** The error, without anything that a reader of the API must not see. Null after a success. */
  readonly error: string | null;
}

/** What the turns of a job need. */
export interface TurnOptions {
  readonly instrument: Instrument;
  readonly clock: Clock;
  isPaused(name: string): Promise<boolean>;
  /** Whether an error means only that the database is unavailable, which the feed reports already. */
  isOutage?(error: unknown): boolean;
  record(turn: TurnRecord): Promise<void>;
}

/** Runs, times, reports and records the turns of one job. */
export interface JobTurns {
  /** Takes a turn unless the job is paused. Returns the milliseconds to pause afterwards. Never rejects. */
  takeIfActive(): Promise<number>;
  /** Takes a turn even if the job is paused. Rejects with the error of the turn. */
  takeNow(): Promise<JobTurn>;
}

/** The shortest time between two records of turns that changed nothing, so that an idle server writes little. */
const RECORD_EVERY_MS = 30_000;

/** Creates the turns of a job. */
export function createJobTurns(
  job: Job,
  { instrument, clock, isPaused, isOutage, record }: TurnOptions,
): JobTurns {
  let recordedAt = Number.NEGATIVE_INFINITY;
  let recordedError: string | null = null;
  let failingWith: string | null = null;

  async function takeNow(): Promise<JobTurn> {
    const begunAt = clock.now();
    const facts = (handled: number) => ({ name: job.name, handled, durationMs: clock.now() - begunAt });
    try {
      const turn = await runObserved();
      const { name, ...others } = facts(turn.handled);
      instrument.emit('debug', 'job.finished', `Job ${name} has run`, { job: name, ...others });
      await write({ ...facts(turn.handled), error: null });
      return turn;
    } catch (error) {
      const { name, durationMs } = facts(0);
      instrument.emit('debug', 'job.turn_failed', `A run of job ${name} failed`, { job: name, durationMs });
      await write({ ...facts(0), error: describe(error) });
      throw error;
    }
  }

  function runObserved(): Promise<JobTurn> {
    let handled = 0;
    const activity = { name: 'job.turn', facts: { job: job.name }, outcome: () => ({ handled }) };
    return instrument.within(activity, async () => {
      const turn = await job.runOnce();
      handled = turn.handled;
      return turn;
    });
  }

  async function write(turn: TurnRecord): Promise<void> {
    const isNews = turn.handled > 0 || turn.error !== recordedError;
    if (!isNews && clock.now() - recordedAt < RECORD_EVERY_MS) return;
    try {
      await record(turn);
      recordedAt = clock.now();
      recordedError = turn.error;
    } catch (error) {
      // The turn itself succeeded or reported its error. If the database is unavailable, the next turn reports that.
      instrument.emit('debug', 'job.record_failed', `The last run of job ${job.name} could not be recorded`, {
        job: job.name,
        error,
      });
    }
  }

  /** Reports a failure only if the previous turn did not fail in the same way, and a recovery once. */
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
    takeNow,
    async takeIfActive() {
      try {
        if (await isPaused(job.name)) return job.everyMs;
        const { nextInMs = job.everyMs } = await takeNow();
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
