import type { Pool } from 'pg';
import { quantile } from '../bench/harness.js';
import { cpuMs, residentMb, type Served } from '../bench/processes.js';
import type { Work } from './fleet.js';

/** The figures of one slice. Sizes are in megabytes. */
export interface Slice {
  readonly tasks: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly memoryMb: number;
  /** Time of the server's process for one task, in milliseconds. */
  readonly cpuMs: number;
  /** The events in the log, and the size of its table with its indexes. */
  readonly events: number;
  readonly eventsMb: number;
  readonly outboxMb: number;
  /** The indexes that only contain what waits or is under way. */
  readonly queuesMb: number;
  /** Tables whose few rows are updated all the time, with their indexes. */
  readonly updatedMb: number;
  /** Tables that grow with the tasks, with their indexes, in bytes for each task. */
  readonly bytesPerTask: number;
}

interface Sizes {
  readonly tasks: number;
  readonly events: number;
  readonly events_bytes: number;
  readonly outbox_bytes: number;
  readonly queue_bytes: number;
  readonly updated_bytes: number;
  readonly growing_bytes: number;
}

/** A partial index of tasks and runs contains only rows that are open, unless its name says that they have ended. */
const SIZES = `SELECT
  (SELECT count(*)::int FROM tasks) AS tasks,
  (SELECT count(*)::int FROM events) AS events,
  pg_total_relation_size('events')::float8 AS events_bytes,
  pg_total_relation_size('event_outbox')::float8 AS outbox_bytes,
  (SELECT sum(pg_relation_size(indexrelid))::float8 FROM pg_index
   WHERE indpred IS NOT NULL AND indexrelid::regclass::text !~ 'ended' AND indrelid IN ('tasks'::regclass, 'task_runs'::regclass)) AS queue_bytes,
  (SELECT sum(pg_total_relation_size(t))::float8
   FROM unnest(ARRAY['agents', 'scheduler_jobs', 'event_horizon']::regclass[]) t) AS updated_bytes,
  (SELECT sum(pg_total_relation_size(t))::float8
   FROM unnest(ARRAY['tasks', 'task_runs', 'idempotency_keys']::regclass[]) t) AS growing_bytes`;

let usedMs = 0;

/** Measures the server and the database after a slice of the work. */
export async function measureSlice(pool: Pool, { pid }: Served, work: Work): Promise<Slice> {
  const { rows } = await pool.query<Sizes>(SIZES);
  const [sizes] = rows;
  if (sizes === undefined) throw new Error('PostgreSQL answered without sizes');
  const before = usedMs;
  usedMs = cpuMs(pid);
  return {
    tasks: sizes.tasks,
    perSecond: work.tasks / work.seconds,
    p50Ms: quantile(work.latenciesMs, 0.5),
    p99Ms: quantile(work.latenciesMs, 0.99),
    memoryMb: residentMb(pid),
    cpuMs: (usedMs - before) / work.tasks,
    events: sizes.events,
    eventsMb: sizes.events_bytes / 1e6,
    outboxMb: sizes.outbox_bytes / 1e6,
    queuesMb: sizes.queue_bytes / 1e6,
    updatedMb: sizes.updated_bytes / 1e6,
    bytesPerTask: sizes.growing_bytes / sizes.tasks,
  };
}

const COLUMNS: readonly (readonly [string, (slice: Slice) => string])[] = [
  ['tasks', ({ tasks }) => tasks.toFixed(0)],
  ['tasks/s', ({ perSecond }) => perSecond.toFixed(0)],
  ['p50 ms', ({ p50Ms }) => p50Ms.toFixed(1)],
  ['p99 ms', ({ p99Ms }) => p99Ms.toFixed(0)],
  ['memory MB', ({ memoryMb }) => memoryMb.toFixed(0)],
  ['CPU ms/task', ({ cpuMs: used }) => used.toFixed(2)],
  ['events', ({ events }) => events.toFixed(0)],
  ['log MB', ({ eventsMb }) => eventsMb.toFixed(0)],
  ['outbox MB', ({ outboxMb }) => outboxMb.toFixed(1)],
  ['queues MB', ({ queuesMb }) => queuesMb.toFixed(1)],
  ['updated MB', ({ updatedMb }) => updatedMb.toFixed(1)],
  ['bytes/task', ({ bytesPerTask }) => bytesPerTask.toFixed(0)],
];

const toRow = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** The head of the table, for Markdown. */
export const HEADINGS = `${toRow(COLUMNS.map(([heading]) => heading))}\n${toRow(COLUMNS.map(() => '---:'))}`;

/** The last slice as a row of the table. */
export function showSlice(slices: readonly Slice[]): string {
  const last = slices.at(-1);
  return last === undefined ? '' : toRow(COLUMNS.map(([, show]) => show(last)));
}
