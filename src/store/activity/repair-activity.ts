import { type Executor, query } from '../../postgres/statement.js';
import { agentCountsOf, contributionsOf, slotsOf } from './contributions.js';

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

const AGENT_KEYS = { hour: 'agent_id, hour, kind, bucket', day: 'agent_id, day, kind, bucket' };

/** Writes the fresh counts that differ, and deletes those of which there is nothing in the log. */
function correct(table: string, unit: 'hour' | 'day'): string {
  const keys = AGENT_KEYS[unit];
  return `fresh_${unit}s AS MATERIALIZED (${agentCountsOf('facts', unit)}),
    written_${unit}s AS (INSERT INTO ${table} (${keys}, count)
      SELECT ${keys}, count FROM fresh_${unit}s f WHERE NOT EXISTS (SELECT FROM ${table} a WHERE (a.*) = (f.*))
      ON CONFLICT (${keys}) DO UPDATE SET count = excluded.count RETURNING 1),
    deleted_${unit}s AS (DELETE FROM ${table} a USING checked WHERE a.${unit} >= checked.day AND a.${unit} < checked.day + ${DAY}
      AND NOT EXISTS (SELECT FROM fresh_${unit}s f WHERE (f.agent_id, f.${unit}, f.kind, f.bucket) = (a.agent_id, a.${unit}, a.kind, a.bucket)) RETURNING 1)`;
}

const REPAIR = `WITH state AS MATERIALIZED (SELECT position, counted_until, counted_from, checked_until FROM activity_state WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED),
  days AS MATERIALIZED (SELECT position, date_trunc('day', counted_until - ${AROUND}, 'UTC') AS last, date_trunc('day', checked_until, 'UTC') AS next,
      date_trunc('day', greatest(counted_from, (SELECT at FROM events ORDER BY id LIMIT 1)) + ${AROUND} + ${DAY}, 'UTC') AS first FROM state),
  checked AS MATERIALIZED (SELECT day, position FROM days, LATERAL (SELECT CASE WHEN next >= first AND next < last THEN next ELSE first END AS day) d
    WHERE day < last),
  batch AS MATERIALIZED (SELECT e.* FROM events e WHERE e.at >= (SELECT day - ${AROUND} FROM checked) AND e.at < (SELECT day + ${DAY} + ${AROUND} FROM checked)
    AND e.id <= (SELECT position FROM checked)),
  facts AS MATERIALIZED (SELECT f.* FROM (${contributionsOf('batch')}) f, checked WHERE f.at >= checked.day AND f.at < checked.day + ${DAY}),
  fresh_slots AS MATERIALIZED (${slotsOf('facts')}),
  written_slots AS (INSERT INTO task_activity (slot, created, completed, failed, rejected)
    SELECT * FROM fresh_slots f WHERE NOT EXISTS (SELECT FROM task_activity a WHERE (a.*) = (f.*))
    ON CONFLICT (slot) DO UPDATE SET created = excluded.created, completed = excluded.completed, failed = excluded.failed, rejected = excluded.rejected RETURNING 1),
  deleted_slots AS (DELETE FROM task_activity a USING checked WHERE a.slot >= checked.day AND a.slot < checked.day + ${DAY}
    AND NOT EXISTS (SELECT FROM fresh_slots f WHERE f.slot = a.slot) RETURNING 1),
  ${correct('agent_hours', 'hour')}, ${correct('agent_days', 'day')},
  moved AS (UPDATE activity_state SET checked_until = checked.day + ${DAY} FROM checked WHERE id = 1)
  SELECT checked.day, ((SELECT count(*) FROM written_slots) + (SELECT count(*) FROM deleted_slots) + (SELECT count(*) FROM written_hours)
    + (SELECT count(*) FROM deleted_hours) + (SELECT count(*) FROM written_days) + (SELECT count(*) FROM deleted_days))::int AS repaired FROM checked`;
