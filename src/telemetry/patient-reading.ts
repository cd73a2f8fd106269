import type { Clock } from '../kernel/clock.js';

/** A reading is good for so long, in milliseconds … */
const KEEP_MS = 4_000;

/** … or for so many times the time it took: whatever it costs, it takes at most a fiftieth of a processor. */
const KEEP_TIMES = 50;

/** Whoever asks waits at most so long, in milliseconds. */
const PATIENCE_MS = 1_000;

/**
 * Shares a costly read among all who ask: one at a time, kept for a while. Answers null if it fails or takes too long;
 * one that takes too long is still there for the next who asks.
 */
export function createPatientReading<Result>(
  read: () => Promise<Result>,
  clock: Clock,
): () => Promise<Result | null> {
  let latest: Result | null = null;
  let goodUntilMs = Number.NEGATIVE_INFINITY;
  let running: Promise<Result | null> | undefined;

  async function readAnew(): Promise<Result | null> {
    const startedAtMs = clock.now();
    try {
      latest = await read();
      goodUntilMs = clock.now() + Math.max(KEEP_MS, (clock.now() - startedAtMs) * KEEP_TIMES);
    } catch {
      // Who else needs the database reports what is wrong with it.
      latest = null;
    } finally {
      running = undefined;
    }
    return latest;
  }

  return async () => {
    if (clock.now() < goodUntilMs) return latest;
    running ??= readAnew();
    return giveUpAfter(running, PATIENCE_MS);
  };
}

async function giveUpAfter<Result>(result: Promise<Result | null>, ms: number): Promise<Result | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
