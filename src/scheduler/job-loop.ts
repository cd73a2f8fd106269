import { type Clock, toDate } from '../kernel/clock.js';
import type { Service } from '../kernel/service.js';

/** Takes the turns of one job, one at a time, and rests between them. */
export interface JobLoop extends Service {
  /** Ends the rest. During a turn it means one more turn after it, however often it is called. */
  wake(): void;
  /** Does this between two turns, so that a job never meets itself in one process. Also if the loop is not started. */
  between<Result>(work: () => Promise<Result>): Promise<Result>;
  /** When the rest ends by itself; null while there is none. */
  nextRunAt(): Date | null;
}

/** One start of a loop. */
interface Run {
  stopping: boolean;
  woken: boolean;
  endRest: (() => void) | null;
}

/**
 * The loop of one job: turn, rest, turn, … `takeTurn` answers with the milliseconds to rest and must not reject.
 * Start and stop may be called at any time and as often as anybody likes; what was called last counts.
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
      const restMs = await between(takeTurn);
      nextRunAt = toDate(clock.now() + restMs);
      await rest(own, restMs);
      nextRunAt = null;
    }
  }

  return {
    wake() {
      if (run !== null) end(run);
    },
    between,
    nextRunAt: () => nextRunAt,
    async start() {
      if (run !== null) return;
      const own: Run = { stopping: false, woken: false, endRest: null };
      run = own;
      // A start during a stop begins when the stop is over.
      ended = ended.then(() => keepTurning(own));
    },
    async stop() {
      if (run !== null) {
        run.stopping = true;
        end(run);
        run = null;
      }
      await ended;
      await turns;
    },
  };
}

function end(run: Run): void {
  run.woken = true;
  run.endRest?.();
}

function rest(run: Run, ms: number): Promise<void> {
  if (run.woken) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      run.endRest = null;
      resolve();
    }
    run.endRest = done;
  });
}
