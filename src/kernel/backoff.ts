/** What decides the wait before a retry. */
export interface Backoff {
  /** Number of the failed attempt, starting at 1. */
  readonly attempt: number;
  /** The full wait after the first failure. It doubles with each further failure. */
  readonly baseMs: number;
  /** The longest wait. */
  readonly maxMs: number;
  /** A number in [0, 1). It spreads the retries of tasks that failed together. */
  readonly random: number;
}

/**
 * Milliseconds to wait before the next attempt: `baseMs` × 2^(attempt − 1), at most `maxMs`, with jitter over its upper
 * half. The lower half is always waited, so that the failed system gets time to recover.
 *
 * @throws RangeError for an attempt below 1, a wait below 0 or a fraction outside [0, 1).
 */
export function backoffMs({ attempt, baseMs, maxMs, random }: Backoff): number {
  if (!Number.isInteger(attempt) || attempt < 1)
    throw new RangeError(`attempt must be a whole number from 1, not ${attempt}`);
  if (!(baseMs >= 0) || !(maxMs >= 0))
    throw new RangeError(`waits can't be below 0: base ${baseMs}, max ${maxMs}`);
  if (!(random >= 0 && random < 1)) throw new RangeError(`random must lie in [0, 1), not at ${random}`);
  // Every base reaches its limit before 2^52. An unbounded power would yield Infinity × 0 = NaN.
  const fullMs = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 52));
  return Math.round((fullMs / 2) * (1 + random));
}
