import type { Clock } from '../kernel/clock.js';
import { singleFlight } from '../kernel/single-flight.js';
import { waitAtMost } from '../kernel/with-deadline.js';

/** How long a reading is fresh, at least. */
const FRESH_MS = 4_000;

/** A reading is fresh for this many times its own duration, so reads use at most a fiftieth of a processor. */
const FRESH_TIMES = 50;

/** The longest time that a caller waits for a new reading before it gets the previous one. */
export const MAX_WAIT_MS = 1_000;

/** How long a reading may still be returned after it has ceased to be fresh. */
const STALE_MS = 60_000;

interface Reading<Result> {
  readonly result: Result;
  readonly goodUntilMs: number;
}

/**
 * Shares a costly read between callers: one read at a time, whose result is cached. Returns null if the read fails, or if
 * it takes too long and there is no previous result. A read that takes too long continues for later callers.
 */
export function createCachedReading<Result>(
  read: () => Promise<Result>,
  clock: Clock,
): () => Promise<Result | null> {
  let latest: Reading<Result> | null = null;

  const refresh = singleFlight(async () => {
    const startedAtMs = clock.now();
    try {
      const result = await read();
      const tookMs = clock.now() - startedAtMs;
      latest = { result, goodUntilMs: clock.now() + Math.max(FRESH_MS, tookMs * FRESH_TIMES) };
    } catch {
      // Other users of the database report the error.
      latest = null;
    }
  });

  return async () => {
    if (latest === null || clock.now() >= latest.goodUntilMs) await waitAtMost(MAX_WAIT_MS, refresh());
    return latest !== null && clock.now() < latest.goodUntilMs + STALE_MS ? latest.result : null;
  };
}
