import { InvalidList } from './page.js';
import type { TaskStatus } from './task-status.js';

export interface TaskCount {
  readonly status: TaskStatus;
  readonly count: number;
}

/** The whole fleet at a glance. */
export interface FleetFacts {
  readonly agentsOnline: number;
  readonly agentsTotal: number;
  readonly capacityInUse: number;
  readonly capacityTotal: number;
}

/** The tasks that have stood longest: for an agent since they were created, for a verdict since they were handed in. */
export interface StandingFacts {
  readonly oldestWaitingSince: Date | null;
  readonly oldestInReviewSince: Date | null;
}

/** What happened in one of several equal stretches of time; `at` is its beginning. */
export interface ThroughputPoint {
  readonly at: Date;
  readonly created: number;
  readonly completed: number;
  readonly failed: number;
  readonly rejected: number;
}

/** Points of one curve at most: more than a screen has room for. */
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
  readonly review: number;
  /** Of the oldest task that waits for an agent; 0 if none does. */
  readonly oldestWaitingSeconds: number;
  /** Of the oldest event that this process has not passed on to its subscribers; 0 if there is none. */
  readonly feedLagSeconds: number;
}
