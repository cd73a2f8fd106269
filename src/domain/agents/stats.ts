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
  /** Median duration of the completed runs. Null if there were none. */
  readonly medianDurationMs: number | null;
  /** The share of approving verdicts among all verdicts, from 0 to 1. Null if there were none. */
  readonly approvalRate: number | null;
}

const MINUTE_MS = 60_000;
const YEAR_MS = 366 * 86_400_000;

/** @throws {InvalidList} for a time window shorter than a minute or longer than a year. */
export function checkWindow(windowMs: number): void {
  if (windowMs < MINUTE_MS || windowMs > YEAR_MS) throw new InvalidList('window must be from PT1M to P366D.');
}
