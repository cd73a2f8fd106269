import type { LogPosition } from '../../domain/events/log-position.js';
import type { Backlog } from '../../domain/ops/overview.js';
import { type Executor, query } from '../../postgres/statement.js';

/**
 * Reads the backlog with one scan of the open part of tasks_status_idx, and single lookups in it and in the primary keys of
 * the log and its outbox. The cost grows with the number of open tasks (100 to 200 ms per million), not of ended ones.
 * `passedOn` is the log position up to which this process has sent events.
 */
export async function readBacklog(executor: Executor, passedOn: LogPosition): Promise<Backlog> {
  const [row] = await query<Backlog>(executor, {
    name: 'read_backlog',
    text: `WITH open AS MATERIALIZED (
        SELECT status, count(*)::int AS count FROM tasks WHERE status IN ('INBOX', 'ASSIGNED', 'IN_PROGRESS', 'INPUT_REQUIRED', 'REVIEW') GROUP BY status)
      SELECT coalesce((SELECT count FROM open WHERE status = 'INBOX'), 0) AS inbox,
        coalesce((SELECT count FROM open WHERE status = 'ASSIGNED'), 0) AS assigned,
        coalesce((SELECT count FROM open WHERE status = 'IN_PROGRESS'), 0) AS in_progress,
        coalesce((SELECT count FROM open WHERE status = 'INPUT_REQUIRED'), 0) AS input_required,
        coalesce((SELECT count FROM open WHERE status = 'REVIEW'), 0) AS review,
        coalesce(greatest(0, extract(epoch FROM now() - least(
          (SELECT min(created_at) FROM tasks WHERE status = 'INBOX'),
          (SELECT min(created_at) FROM tasks WHERE status = 'ASSIGNED')))), 0)::float8 AS oldest_waiting_seconds,
        coalesce(greatest(0, extract(epoch FROM now() - least((SELECT at FROM events WHERE id > $1 ORDER BY id LIMIT 1),
          (SELECT at FROM event_outbox ORDER BY id LIMIT 1)))), 0)::float8 AS feed_lag_seconds`,
    values: [passedOn],
  });
  if (row === undefined) throw new Error('an aggregate returned no row');
  return row;
}
