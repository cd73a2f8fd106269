import type { LogPosition } from '../domain/log-position.js';
import { type Executor, query } from './statement.js';

/** What waits, as whoever watches the server wants to know it. Ages in seconds, by the database's clock. */
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

/**
 * One walk over the open part of tasks_status_idx, whose cost does not grow with what is done (a tenth of a second for
 * a million that are not), and one descent of events_position_idx. `passedOn` is where this process's reader of the log
 * stands.
 */
export async function readBacklog(executor: Executor, passedOn: LogPosition): Promise<Backlog> {
  const [row] = await query<Backlog>(executor, {
    name: 'read_backlog',
    text: `SELECT (count(*) FILTER (WHERE status = 'INBOX'))::int AS inbox,
        (count(*) FILTER (WHERE status = 'ASSIGNED'))::int AS assigned,
        (count(*) FILTER (WHERE status = 'IN_PROGRESS'))::int AS in_progress,
        (count(*) FILTER (WHERE status = 'REVIEW'))::int AS review,
        coalesce(greatest(0, extract(epoch FROM now() - min(created_at) FILTER (WHERE status IN ('INBOX', 'ASSIGNED')))), 0)::float8
          AS oldest_waiting_seconds,
        coalesce(greatest(0, extract(epoch FROM now() - (
          SELECT at FROM events WHERE (xid, id) > ($1, $2) ORDER BY xid, id LIMIT 1))), 0)::float8 AS feed_lag_seconds
      FROM tasks WHERE status IN ('INBOX', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW')`,
    values: [passedOn.xid, passedOn.id],
  });
  if (row === undefined) throw new Error('an aggregate returned no row');
  return row;
}
