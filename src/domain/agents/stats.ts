import { InvalidList } from '../page.js';

/** What came of an agent's work in a stretch of time. */
export interface AgentStats {
  /** Runs that handed in a resolution. */
  readonly completed: number;
  /** Runs that ended with an error or took too long. */
  readonly failed: number;
  /** Verdicts that rejected its work. */
  readonly rejected: number;
  /** Of the completed runs; null if there were none. */
  readonly medianDurationMs: number | null;
  /** Approved verdicts as a part of all, from 0 to 1; null if there were none. */
  readonly approvalRate: number | null;
}

const MINUTE_MS = 60_000;
const YEAR_MS = 366 * 86_400_000;

/** @throws {InvalidList} for a stretch of time shorter than a minute or longer than a year. */
export function checkWindow(windowMs: number): void {
  if (windowMs < MINUTE_MS || windowMs > YEAR_MS) throw new InvalidList('window must be from PT1M to P366D.');
}
