export interface Backoff {
  /** Which failure this is: 1 after the first. */
  readonly attempt: number;
  /** The full wait after the first failure, doubled with each further one. */
  readonly baseMs: number;
  /** No wait is longer than this. */
  readonly maxMs: number;
  /** A number in [0, 1) that spreads the waits of tasks which failed together. */
  readonly random: number;
}

/**
 * How many milliseconds to wait before the next attempt: `baseMs` × 2^(attempt − 1), at most `maxMs`, of which the
 * upper half is jitter. Half of the wait is kept so that whatever failed always gets a rest.
 *
 * @throws RangeError for an attempt below 1, a wait below 0 or a fraction outside [0, 1).
 */
export function backoffMs({ attempt, baseMs, maxMs, random }: Backoff): number {
  if (!Number.isInteger(attempt) || attempt < 1)
    throw new RangeError(`attempt must be a whole number from 1, not ${attempt}`);
  if (!(baseMs >= 0) || !(maxMs >= 0))
    throw new RangeError(`waits can't be below 0: base ${baseMs}, max ${maxMs}`);
  if (!(random >= 0 && random < 1)) throw new RangeError(`random must lie in [0, 1), not at ${random}`);
  // Beyond 2^52 every base has met its limit; an unbounded power would end in Infinity × 0 = NaN.
  const fullMs = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 52));
  return Math.round((fullMs / 2) * (1 + random));
}
