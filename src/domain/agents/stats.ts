import { InvalidList } from '../page.js';

/** The results of an agent's work within a time window. */
export interface AgentStats {
  /** Runs that completed with a resolution. */
  readonly completed: number;
  /** Runs that failed or timed out. */
  readonly failed: number;
  /** Verdicts that rejected its work. */
  readonly rejected: number;
  /** Verdicts on its work. */
  readonly verdicts: number;
  /** Median duration of the completed runs, within 9 % if they were counted before. Null if there were none. */
  readonly medianDurationMs: number | null;
  /** The share of approving verdicts among all verdicts, from 0 to 1. Null if there were none. */
  readonly approvalRate: number | null;
}

/** The verdicts of a reviewer within a time window. */
export interface ReviewerStats {
  readonly reviews: number;
  readonly approved: number;
  readonly rejected: number;
  /** Median duration of its review runs, within 9 %. Null without a review run. */
  readonly medianDurationMs: number | null;
}

const MINUTE_MS = 60_000;
const YEAR_MS = 366 * 86_400_000;

/** @throws {InvalidList} for a time window shorter than a minute or longer than a year. */
export function checkWindow(windowMs: number): void {
  if (windowMs < MINUTE_MS || windowMs > YEAR_MS) throw new InvalidList('window must be from PT1M to P366D.');
}

/** How many completed runs have a duration of this bucket: 8 times the binary logarithm of its milliseconds, rounded down. */
export interface CountedRuns {
  readonly bucket: number;
  readonly count: number;
}

/** The median of durations of which only the buckets are known; see {@link percentileOf}. */
export function medianOf(counted: readonly CountedRuns[]): number | null {
  return percentileOf(counted, 0.5);
}

/**
 * The duration that this share of durations does not exceed, of which only the buckets are known. Within its bucket the values are
 * taken to be evenly spread, so it is at most 9 % from the true one, and usually 1 %. Null without durations.
 */
export function percentileOf(counted: readonly CountedRuns[], share: number): number | null {
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  let before = 0;
  for (const { bucket, count } of [...counted].sort((a, b) => a.bucket - b.bucket)) {
    const place = (total * share - before) / count;
    if (place <= 1) return 2 ** ((bucket + place) / 8);
    before += count;
  }
  return null;
}
