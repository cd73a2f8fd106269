import { type Executor, query } from '../../postgres/statement.js';
import { agentCountsOf, contributionsOf, ENTRY, slotsOf, timesOf } from './contributions.js';

/** What a check of one day has found. */
export interface Check {
  /** The day that was checked. Null if no day is complete in the log, or another process counts or checks. */
  readonly day: Date | null;
  /** The number of counts that were wrong and are right now. */
  readonly repaired: number;
}

/**
 * Counts the next day from scratch and corrects what differs. After the last complete day it begins with the first day that is
 * complete in the log. One statement under the lock of the counting, so it changes all or nothing.
 */
export async function repairActivity(executor: Executor): Promise<Check> {
  const [row] = await query<Check>(executor, { name: 'repair_activity', text: REPAIR });
  return row ?? { day: null, repaired: 0 };
}

const DAY = "interval '1 day'";

/** An event is in the log within an hour of the time of what it counts for. events_at_idx finds a day. */
const AROUND = "interval '1 hour'";

/** A table of counts for periods: its keys, and the rows that it must have. */
interface Counts {
  readonly table: string;
  readonly unit: 'hour' | 'day';
  readonly keys: readonly string[];
  readonly fresh: string;
}

const COUNTS: readonly Counts[] = [
  {
    ...{ table: 'agent_hours', unit: 'hour', keys: ['agent_id', 'hour', 'kind', 'bucket'] },
    fresh: agentCountsOf('facts', 'hour'),
  },
  {
    ...{ table: 'agent_days', unit: 'day', keys: ['agent_id', 'day', 'kind', 'bucket'] },
    fresh: agentCountsOf('facts', 'day'),
  },
  { table: 'time_hours', unit: 'hour', keys: ['hour', 'kind', 'bucket'], fresh: timesOf('facts') },
];

/** Writes the fresh counts that differ, and deletes those of which there is nothing in the log. */
function correct({ table, unit, keys, fresh }: Counts): string {
  const names = keys.join(', ');
  const of = (alias: string) => keys.map((key) => `${alias}.${key}`).join(', ');
  return `fresh_${table} AS MATERIALIZED (${fresh}),
    written_${table} AS (INSERT INTO ${table} (${names}, count)
      SELECT ${names}, count FROM fresh_${table} f WHERE NOT EXISTS (SELECT FROM ${table} a WHERE (a.*) = (f.*))
      ON CONFLICT (${names}) DO UPDATE SET count = excluded.count RETURNING 1),
    deleted_${table} AS (DELETE FROM ${table} a USING checked WHERE a.${unit} >= checked.day AND a.${unit} < checked.day + ${DAY}
      AND NOT EXISTS (SELECT FROM fresh_${table} f WHERE (${of('f')}) = (${of('a')})) RETURNING 1)`;
}

/** The changes of the tables, as a sum. */
const CORRECTED = COUNTS.flatMap(({ table }) => [`written_${table}`, `deleted_${table}`])
  .map((part) => `(SELECT count(*) FROM ${part})`)
  .join(' + ');

const REPAIR = `WITH state AS MATERIALIZED (SELECT position, counted_until, counted_from, checked_until FROM activity_state WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED),
  days AS MATERIALIZED (SELECT position, date_trunc('day', counted_until - ${AROUND}, 'UTC') AS last, date_trunc('day', checked_until, 'UTC') AS next,
      date_trunc('day', greatest(counted_from, (SELECT at FROM events ORDER BY id LIMIT 1)) + ${AROUND} + ${DAY}, 'UTC') AS first FROM state),
  checked AS MATERIALIZED (SELECT day, position FROM days, LATERAL (SELECT CASE WHEN next >= first AND next < last THEN next ELSE first END AS day) d
    WHERE day < last),
  batch AS MATERIALIZED (SELECT ${ENTRY} FROM events e WHERE e.at >= (SELECT day - ${AROUND} FROM checked) AND e.at < (SELECT day + ${DAY} + ${AROUND} FROM checked)
    AND e.id <= (SELECT position FROM checked)),
  facts AS MATERIALIZED (SELECT f.* FROM (${contributionsOf('batch')}) f, checked WHERE f.at >= checked.day AND f.at < checked.day + ${DAY}),
  fresh_slots AS MATERIALIZED (${slotsOf('facts')}),
  written_slots AS (INSERT INTO task_activity (slot, created, completed, failed, rejected)
    SELECT * FROM fresh_slots f WHERE NOT EXISTS (SELECT FROM task_activity a WHERE (a.*) = (f.*))
    ON CONFLICT (slot) DO UPDATE SET created = excluded.created, completed = excluded.completed, failed = excluded.failed, rejected = excluded.rejected RETURNING 1),
  deleted_slots AS (DELETE FROM task_activity a USING checked WHERE a.slot >= checked.day AND a.slot < checked.day + ${DAY}
    AND NOT EXISTS (SELECT FROM fresh_slots f WHERE f.slot = a.slot) RETURNING 1),
  ${COUNTS.map(correct).join(', ')},
  moved AS (UPDATE activity_state SET checked_until = checked.day + ${DAY} FROM checked WHERE id = 1)
  SELECT checked.day, ((SELECT count(*) FROM written_slots) + (SELECT count(*) FROM deleted_slots) + ${CORRECTED})::int AS repaired FROM checked`;
