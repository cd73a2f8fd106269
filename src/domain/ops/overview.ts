import { InvalidList } from '../page.js';
import type { TaskStatus } from '../tasks/task-status.js';

/** The number of tasks in one status. */
export interface TaskCount {
  readonly status: TaskStatus;
  readonly count: number;
}

/** The agents and capacity of the whole fleet. */
export interface FleetFacts {
  readonly agentsOnline: number;
  readonly agentsTotal: number;
  readonly capacityInUse: number;
  readonly capacityTotal: number;
}

/**
 * The tasks that have waited longest: for an agent since their creation, and for a verdict since their last completed
 * run. Null if no task waits.
 */
export interface StandingFacts {
  readonly oldestWaitingSince: Date | null;
  readonly oldestInReviewSince: Date | null;
}

/** What happened in one of several equal time intervals. `at` is the start of the interval. */
export interface ThroughputPoint {
  readonly at: Date;
  readonly created: number;
  readonly completed: number;
  readonly failed: number;
  readonly rejected: number;
}

/** The durations of a period: how many, and those that half and 95 % of them do not exceed. Null without any. */
export interface TimeSpread {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

/** How long tasks waited that were started in a period, and attempts took that succeeded in it. `at` is its start. */
export interface AttemptTimes {
  readonly at: Date;
  readonly waits: TimeSpread;
  readonly runs: TimeSpread;
}

/** The maximum number of points of one curve. More would not fit on a screen. */
const MAX_BUCKETS = 500;

/** @throws {InvalidList} for fewer than one or more than 500 buckets. */
export function checkBuckets(buckets: number): void {
  if (buckets < 1 || buckets > MAX_BUCKETS)
    throw new InvalidList(`buckets must be from 1 to ${MAX_BUCKETS}.`);
}

/** The work that waits in the database: open tasks by status, and ages in seconds by the database's clock. */
export interface Backlog {
  readonly inbox: number;
  readonly assigned: number;
  readonly inProgress: number;
  readonly inputRequired: number;
  readonly review: number;
  /** The age of the oldest task that waits for an agent; 0 if none waits. */
  readonly oldestWaitingSeconds: number;
  /** The age of the oldest event that this process has not sent to its subscribers; 0 if there is none. */
  readonly feedLagSeconds: number;
}
