import { checkWindow } from '../../domain/agents/stats.js';
import {
  type AttemptTimes,
  checkBuckets,
  type FleetFacts,
  type StandingFacts,
  type TaskCount,
  type ThroughputPoint,
} from '../../domain/ops/overview.js';
import { singleFlight } from '../../kernel/single-flight.js';
import type { Database } from '../../postgres/database.js';
import { readAttemptTimes } from '../../store/activity/attempt-times.js';
import { readThroughput } from '../../store/activity/task-throughput.js';
import { countTasksByStatus, readFleet, readStanding } from '../../store/ops/overview.js';
import type { ServiceContext } from '../service-context.js';

/** A summary of the state. Each part is read on first use and at most once. */
export interface Overview {
  taskCounts(): Promise<TaskCount[]>;
  fleet(): Promise<FleetFacts>;
  standing(): Promise<StandingFacts>;
  /** @throws {InvalidList} for an invalid window or number of buckets. */
  throughput(windowMs: number, buckets: number): Promise<ThroughputPoint[]>;
  /** @throws {InvalidList} for an invalid window or number of buckets. */
  attemptTimes(windowMs: number, buckets: number): Promise<AttemptTimes[]>;
}

/**
 * Shares concurrent counts: counting a million tasks takes 100 ms of CPU, and many dashboards may ask at the same moment. A
 * process has one bell, but a view of the database for each key.
 */
const COUNTING = new WeakMap<Database['bell'], () => Promise<TaskCount[]>>();

/** Creates an overview whose parts are read lazily. */
export function openOverview({
  database,
  settings,
}: Pick<ServiceContext, 'database' | 'settings'>): Overview {
  let fleet: Promise<FleetFacts> | undefined;
  let standing: Promise<StandingFacts> | undefined;
  return {
    taskCounts: () => countShared(database),
    fleet: () => {
      fleet ??= readFleet(database.pool, settings.agentTimeoutMs);
      return fleet;
    },
    standing: () => {
      standing ??= readStanding(database.pool);
      return standing;
    },
    throughput: async (windowMs, buckets) => {
      checkWindow(windowMs);
      checkBuckets(buckets);
      return readThroughput(database.pool, windowMs, buckets);
    },
    attemptTimes: async (windowMs, buckets) => {
      checkWindow(windowMs);
      checkBuckets(buckets);
      return readAttemptTimes(database.pool, windowMs, buckets);
    },
  };
}

function countShared(database: Database): Promise<TaskCount[]> {
  let count = COUNTING.get(database.bell);
  if (count === undefined) {
    count = singleFlight(() => countTasksByStatus(database.pool), 'next');
    COUNTING.set(database.bell, count);
  }
  return count();
}
