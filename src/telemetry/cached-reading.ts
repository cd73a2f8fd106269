import type { Clock } from '../kernel/clock.js';
import { waitAtMost } from '../kernel/with-deadline.js';

/** A reading is good for so long, in milliseconds … */
const KEEP_MS = 4_000;

/** … or for so many times the time it took: whatever it costs, it takes at most a fiftieth of a processor. */
const KEEP_TIMES = 50;

/** Whoever asks waits at most so long, in milliseconds, and gets the reading of before if there is one … */
export const PATIENCE_MS = 1_000;

/** … unless it is older than it may be kept by so many milliseconds. */
const STALE_MS = 60_000;

interface Reading<Result> {
  readonly result: Result;
  readonly goodUntilMs: number;
}

/**
 * Shares a costly read among all who ask: one at a time, kept for a while. Answers null if it fails, and if it takes too
 * long while there is none of before; it is still there for the next who asks.
 */
export function createPatientReading<Result>(
  read: () => Promise<Result>,
  clock: Clock,
): () => Promise<Result | null> {
  let latest: Reading<Result> | null = null;
  let running: Promise<void> | undefined;

  async function readAnew(): Promise<void> {
    const startedAtMs = clock.now();
    try {
      const result = await read();
      const tookMs = clock.now() - startedAtMs;
      latest = { result, goodUntilMs: clock.now() + Math.max(KEEP_MS, tookMs * KEEP_TIMES) };
    } catch {
      // Who else needs the database reports what is wrong with it.
      latest = null;
    } finally {
      running = undefined;
    }
  }

  return async () => {
    if (latest === null || clock.now() >= latest.goodUntilMs) {
      running ??= readAnew();
      await waitAtMost(PATIENCE_MS, running);
    }
    return latest !== null && clock.now() < latest.goodUntilMs + STALE_MS ? latest.result : null;
  };
}
