import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Job, JobTurn } from './job.js';

/** How one turn went, for the table that all processes share. */
export interface TurnRecord {
  readonly name: string;
  readonly durationMs: number;
  readonly handled: number;
  /** What went wrong, without anything that a reader of the API must not see; null if nothing did. */
  readonly error: string | null;
}

export interface TurnOptions {
  readonly instrument: Instrument;
  readonly clock: Clock;
  isPaused(name: string): Promise<boolean>;
  /** Whether a failure says no more than that the database is away, which others tell of. */
  isOutage?(error: unknown): boolean;
  record(turn: TurnRecord): Promise<void>;
}

/** The turns of one job: taken, timed, told and recorded. */
export interface JobTurns {
  /** Takes a turn unless the job is paused, and answers with the milliseconds to rest. Never rejects. */
  takeIfDue(): Promise<number>;
  /** Takes a turn, paused or not. Rejects with what it failed with. */
  takeNow(): Promise<JobTurn>;
}

/** A turn in which nothing happened is written down only so often, in milliseconds: an idle server rests. */
const RECORD_EVERY_MS = 30_000;

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
      const turn = await follow();
      const { name, ...told } = facts(turn.handled);
      instrument.emit('debug', 'job.finished', `${name} took a turn`, { job: name, ...told });
      await write({ ...facts(turn.handled), error: null });
      return turn;
    } catch (error) {
      const { name, durationMs } = facts(0);
      instrument.emit('debug', 'job.turn_failed', `A turn of ${name} failed`, { job: name, durationMs });
      await write({ ...facts(0), error: describe(error) });
      throw error;
    }
  }

  function follow(): Promise<JobTurn> {
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
      // The turn counts, not its record; and where the database is away, the turn itself says so.
      instrument.emit('debug', 'job.record_failed', `The last turn of ${job.name} could not be recorded`, {
        job: job.name,
        error,
      });
    }
  }

  /** A job that fails again in the same way says so once, and once more when it has recovered. */
  function tell(failure: string | null, error?: unknown): void {
    if (failure === failingWith) return;
    if (failure === null)
      instrument.emit('info', 'job.recovered', `${job.name} works again`, { job: job.name });
    else
      instrument.emit('error', 'job.failed', `${job.name} failed; it is tried again`, {
        job: job.name,
        error,
      });
    failingWith = failure;
  }

  return {
    takeNow,
    async takeIfDue() {
      try {
        if (await isPaused(job.name)) return job.everyMs;
        const { nextInMs = job.everyMs } = await takeNow();
        tell(null);
        return Math.min(job.everyMs, Math.max(0, Math.ceil(nextInMs)));
      } catch (error) {
        if (!isOutage?.(error)) tell(String(error), error);
        return job.everyMs;
      }
    },
  };
}

/** The kind of a fault and its code. Its message may hold SQL, an address or a row, so that stays in the log. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'It failed; the log says how.';
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `It failed (${error.name}${code}); the log says how.`;
}
