import { type Clock, toDate } from '../kernel/clock.js';
import type { Service } from '../kernel/service.js';

/** Runs the turns of one job, one at a time, with a pause between them. */
export interface JobLoop extends Service {
  /** Ends the pause. Any number of calls during a turn cause one more turn after it. */
  wake(): void;
  /**
   * Does the work between two turns, so that a job never runs twice at once in a process. Works in a stopped loop too.
   */
  between<Result>(work: () => Promise<Result>): Promise<Result>;
  /** When the pause ends by itself. Null while there is no pause. */
  nextRunAt(): Date | null;
}

/** The state of a loop from one start to the next stop. */
interface Run {
  stopping: boolean;
  woken: boolean;
  endPause: (() => void) | null;
}

/**
 * Creates the loop of one job. `takeTurn` returns the milliseconds to pause and must not reject. Start and stop may be
 * called at any time and any number of times. The last call decides.
 */
export function createJobLoop(takeTurn: () => Promise<number>, clock: Clock): JobLoop {
  let run: Run | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  let turns: Promise<unknown> = Promise.resolve();
  let nextRunAt: Date | null = null;

  function between<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = turns.then(work);
    turns = result.catch(() => undefined);
    return result;
  }

  async function keepTurning(own: Run): Promise<void> {
    while (!own.stopping) {
      own.woken = false;
      const pauseMs = await between(takeTurn);
      nextRunAt = toDate(clock.now() + pauseMs);
      await pause(own, pauseMs);
      nextRunAt = null;
    }
  }

  return {
    wake() {
      if (run !== null) wakeUp(run);
    },
    between,
    nextRunAt: () => nextRunAt,
    async start() {
      if (run !== null) return;
      const own: Run = { stopping: false, woken: false, endPause: null };
      run = own;
      // A start during a stop takes effect when the stop has ended.
      ended = ended.then(() => keepTurning(own));
    },
    async stop() {
      if (run !== null) {
        run.stopping = true;
        wakeUp(run);
        run = null;
      }
      await ended;
      await turns;
    },
  };
}

function wakeUp(run: Run): void {
  run.woken = true;
  run.endPause?.();
}

function pause(run: Run, ms: number): Promise<void> {
  if (run.woken) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      run.endPause = null;
      resolve();
    }
    run.endPause = done;
  });
}
