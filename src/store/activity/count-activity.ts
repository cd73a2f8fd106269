import { type Executor, query } from '../../postgres/statement.js';
import { agentCountsOf, contributionsOf, slotOf, slotsOf, timesOf } from './contributions.js';

/**
 * How long a transaction may take from its start to the position of its event. Later events are counted when they come, and are
 * missing in the statistics until then.
 */
const MARGIN = "interval '1 minute'";

/**
 * Adds the next events of the log, at most `limit`, to the counts of activity, and returns their number.
 *
 * The position moves in the same statement, so each event is counted once, wherever a process is killed. The row of the state is
 * locked, so one process counts at a time, and others return 0 at once. A process that reads the state while another commits gets
 * the new position together with an older view of the log: it then finds no event after that position and changes nothing.
 */
export async function countActivity(executor: Executor, limit: number): Promise<number> {
  const [row] = await query<{ counted: number }>(executor, {
    name: 'count_activity',
    text: COUNT,
    values: [limit],
  });
  return row?.counted ?? 0;
}

const add = (columns: readonly string[], table: string) =>
  columns.map((column) => `${column} = ${table}.${column} + excluded.${column}`).join(', ');

const COUNT = `WITH state AS MATERIALIZED (SELECT position, counted_until FROM activity_state WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED),
  batch AS MATERIALIZED (SELECT e.* FROM events e WHERE e.id > (SELECT position FROM state) ORDER BY e.id LIMIT $1),
  facts AS MATERIALIZED (${contributionsOf('batch')}),
  slots AS (INSERT INTO task_activity AS a (slot, created, completed, failed, rejected) ${slotsOf('facts')} ORDER BY 1
    ON CONFLICT (slot) DO UPDATE SET ${add(['created', 'completed', 'failed', 'rejected'], 'a')}),
  hours AS (INSERT INTO agent_hours AS a (agent_id, hour, kind, bucket, count) ${agentCountsOf('facts', 'hour')} ORDER BY 1, 2, 3, 4
    ON CONFLICT (agent_id, hour, kind, bucket) DO UPDATE SET ${add(['count'], 'a')}),
  days AS (INSERT INTO agent_days AS a (agent_id, day, kind, bucket, count) ${agentCountsOf('facts', 'day')} ORDER BY 1, 2, 3, 4
    ON CONFLICT (agent_id, day, kind, bucket) DO UPDATE SET ${add(['count'], 'a')}),
  times AS (INSERT INTO time_hours AS a (hour, kind, bucket, count) ${timesOf('facts')} ORDER BY 1, 2, 3
    ON CONFLICT (hour, kind, bucket) DO UPDATE SET ${add(['count'], 'a')}),
  reached AS (SELECT count(*)::int AS counted, max(id) AS position, (array_agg(at ORDER BY id DESC))[1] AS at FROM batch),
  moved AS (UPDATE activity_state s SET position = coalesce(reached.position, s.position),
      counted_until = greatest(s.counted_until, ${slotOf(`CASE WHEN counted < $1 THEN now() ELSE reached.at END - ${MARGIN}`)})
    FROM reached, state WHERE s.id = 1 AND (counted > 0 OR s.counted_until < ${slotOf(`now() - ${MARGIN}`)}))
  SELECT counted FROM reached`;
