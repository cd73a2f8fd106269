import { type Executor, query } from '../../postgres/statement.js';
import { agentCountsOf, contributionsOf, ENTRY, slotOf, slotsOf, timesOf } from './contributions.js';

/**
 * How long a transaction may take from its start to the position of its event. Later events are counted when they come, and are
 * missing in the statistics until then.
 */
const MARGIN = "interval '1 minute'";

/** A step of counting. */
export interface CountedStep {
  /** The number of events that were counted. */
  readonly counted: number;
  /** Whether the log has further events. */
  readonly hasMore: boolean;
}

/**
 * Adds the next events of the log, at most `limit`, to the counts of activity.
 *
 * The position moves in the same statement, so each event is counted once, wherever a process is killed. The row of the state is
 * locked, so one process counts at a time, and others count nothing and return at once. A process that reads the state while another
 * commits gets the new position together with an older view of the log: it then finds no event after that position and changes nothing.
 */
export async function countActivity(executor: Executor, limit: number): Promise<CountedStep> {
  // Not prepared: the plan must fit the size that the tables have now.
  const [row] = await query<CountedStep>(executor, { text: COUNT, values: [limit] });
  return row ?? { counted: 0, hasMore: false };
}

const add = (columns: readonly string[], table: string) =>
  columns.map((column) => `${column} = ${table}.${column} + excluded.${column}`).join(', ');

/**
 * The entries of a step are a range of positions. With ORDER BY and LIMIT, and statistics that are older than the log, PostgreSQL collects and
 * sorts all entries that wait, in each step.
 */
const COUNT = `WITH state AS MATERIALIZED (SELECT position, counted_until FROM activity_state WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED),
  next AS MATERIALIZED (SELECT (SELECT id FROM events WHERE id > (SELECT position FROM state) ORDER BY id LIMIT 1) AS first),
  batch AS MATERIALIZED (SELECT ${ENTRY} FROM events e WHERE e.id >= (SELECT first FROM next) AND e.id < (SELECT first FROM next) + $1),
  facts AS MATERIALIZED (${contributionsOf('batch')}),
  slots AS (INSERT INTO task_activity AS a (slot, created, completed, failed, rejected) ${slotsOf('facts')} ORDER BY 1
    ON CONFLICT (slot) DO UPDATE SET ${add(['created', 'completed', 'failed', 'rejected'], 'a')}),
  hours AS (INSERT INTO agent_hours AS a (agent_id, hour, kind, bucket, count) ${agentCountsOf('facts', 'hour')} ORDER BY 1, 2, 3, 4
    ON CONFLICT (agent_id, hour, kind, bucket) DO UPDATE SET ${add(['count'], 'a')}),
  days AS (INSERT INTO agent_days AS a (agent_id, day, kind, bucket, count) ${agentCountsOf('facts', 'day')} ORDER BY 1, 2, 3, 4
    ON CONFLICT (agent_id, day, kind, bucket) DO UPDATE SET ${add(['count'], 'a')}),
  times AS (INSERT INTO time_hours AS a (hour, kind, bucket, count) ${timesOf('facts')} ORDER BY 1, 2, 3
    ON CONFLICT (hour, kind, bucket) DO UPDATE SET ${add(['count'], 'a')}),
  reached AS MATERIALIZED (SELECT count(*)::int AS counted, max(id) AS position, (array_agg(at ORDER BY id DESC))[1] AS at,
    EXISTS (SELECT FROM events WHERE id >= (SELECT first FROM next) + $1) AS has_more FROM batch),
  moved AS (UPDATE activity_state s SET position = coalesce(reached.position, s.position),
      counted_until = greatest(s.counted_until, ${slotOf(`CASE WHEN has_more THEN reached.at ELSE now() END - ${MARGIN}`)})
    FROM reached, state WHERE s.id = 1 AND (counted > 0 OR s.counted_until < ${slotOf(`now() - ${MARGIN}`)}))
  SELECT counted, has_more FROM reached`;
