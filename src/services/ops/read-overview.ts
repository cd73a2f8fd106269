import { checkWindow } from '../../domain/agents/stats.js';
import {
  checkBuckets,
  type FleetFacts,
  type StandingFacts,
  type TaskCount,
  type ThroughputPoint,
} from '../../domain/overview.js';
import { singleFlight } from '../../kernel/single-flight.js';
import type { Database } from '../../postgres/database.js';
import { countTasksByStatus, readFleet, readStanding, readThroughput } from '../../store/ops/overview.js';
import type { ServiceContext } from '../service-context.js';

/** The state of everything, read as far as somebody asks: each question is put to the database at most once. */
export interface Overview {
  taskCounts(): Promise<TaskCount[]>;
  fleet(): Promise<FleetFacts>;
  standing(): Promise<StandingFacts>;
  /** @throws {InvalidList} for a window or a number of buckets that can't be had. */
  throughput(windowMs: number, buckets: number): Promise<ThroughputPoint[]>;
}

/** Counting a million tasks takes a tenth of a second of a processor, and a hundred dashboards ask at the same moment. */
const COUNTING = new WeakMap<Database, () => Promise<TaskCount[]>>();

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
  };
}

function countShared(database: Database): Promise<TaskCount[]> {
  let count = COUNTING.get(database);
  if (count === undefined) {
    count = singleFlight(() => countTasksByStatus(database.pool), 'next');
    COUNTING.set(database, count);
  }
  return count();
}
