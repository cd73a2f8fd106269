import type { Clock } from '../kernel/clock.js';
import type { Service } from '../kernel/service.js';

/** Runs one job again and again, with a pause after each run. */
export interface JobLoop extends Service {
  /** Ends the pause. Any number of calls during a run cause one more run after it. */
  wake(): void;
  /**
   * Does the work between two runs, so that a job never runs twice at once in a process. Works in a stopped loop too.
   */
  between<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Milliseconds until the pause ends by itself. Null while there is no pause. */
  nextRunInMs(): number | null;
}

/** The state of a loop from one start to the next stop. */
interface LoopState {
  stopping: boolean;
  woken: boolean;
  endPause: (() => void) | null;
}

/**
 * Creates the loop of one job. `runJob` returns the milliseconds to pause and must not reject. Start and stop may be
 * called at any time and any number of times. The last call decides.
 */
export function createJobLoop(runJob: () => Promise<number>, clock: Clock): JobLoop {
  let state: LoopState | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  let runs: Promise<unknown> = Promise.resolve();
  let nextRunAtMs: number | null = null;

  function between<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = runs.then(work);
    runs = result.catch(() => undefined);
    return result;
  }

  async function keepRunning(own: LoopState): Promise<void> {
    while (!own.stopping) {
      own.woken = false;
      const pauseMs = await between(runJob);
      nextRunAtMs = clock.now() + pauseMs;
      await pause(own, pauseMs);
      nextRunAtMs = null;
    }
  }

  return {
    wake() {
      if (state !== null) wakeUp(state);
    },
    between,
    nextRunInMs: () => (nextRunAtMs === null ? null : Math.max(0, nextRunAtMs - clock.now())),
    async start() {
      if (state !== null) return;
      const own: LoopState = { stopping: false, woken: false, endPause: null };
      state = own;
      // A start during a stop takes effect when the stop has ended.
      ended = ended.then(() => keepRunning(own));
    },
    async stop() {
      if (state !== null) {
        state.stopping = true;
        wakeUp(state);
        state = null;
      }
      await ended;
      await runs;
    },
  };
}

function wakeUp(state: LoopState): void {
  state.woken = true;
  state.endPause?.();
}

function pause(state: LoopState, ms: number): Promise<void> {
  if (state.woken) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      state.endPause = null;
      resolve();
    }
    state.endPause = done;
  });
}
