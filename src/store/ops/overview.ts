import type { FleetFacts, StandingFacts, TaskCount, ThroughputPoint } from '../../domain/ops/overview.js';
import { TASK_STATUSES } from '../../domain/tasks/task-status.js';
import { type Executor, query } from '../../postgres/statement.js';
import { holdsTask } from '../runs/capacity.js';

/** The number of tasks in each status, including zeros, in lifecycle order. Scans tasks_status_idx once. */
export async function countTasksByStatus(executor: Executor): Promise<TaskCount[]> {
  const rows = await query<TaskCount>(executor, {
    name: 'count_tasks_by_status',
    text: 'SELECT status, count(*)::int AS count FROM tasks GROUP BY status',
  });
  const counts = new Map(rows.map(({ status, count }) => [status, count]));
  return TASK_STATUSES.map((status) => ({ status, count: counts.get(status) ?? 0 }));
}

/** Counts agents, and the tasks they hold (task_runs_open_by_agent). An agent seen in the last `agentTimeoutMs` is online. */
export async function readFleet(executor: Executor, agentTimeoutMs: number): Promise<FleetFacts> {
  const [row] = await query<FleetFacts>(executor, {
    name: 'read_fleet',
    text: `SELECT (count(*) FILTER (WHERE last_seen_at >= now() - $1 * interval '1 millisecond'))::int AS agents_online,
        count(*)::int AS agents_total, coalesce(sum(max_capacity), 0)::int AS capacity_total,
        (SELECT count(*) FROM task_runs r WHERE ${holdsTask('r')})::int AS capacity_in_use
      FROM agents`,
    values: [agentTimeoutMs],
  });
  if (row === undefined) throw new Error('an aggregate returned no row');
  return row;
}

/**
 * Reads when the oldest task that waits for an agent was created (two lookups in tasks_status_idx), and when the longest
 * wait for a verdict began (tasks_review_queue).
 */
export async function readStanding(executor: Executor): Promise<StandingFacts> {
  const [row] = await query<StandingFacts>(executor, {
    name: 'read_standing',
    text: `SELECT least((SELECT min(created_at) FROM tasks WHERE status = 'INBOX'),
          (SELECT min(created_at) FROM tasks WHERE status = 'ASSIGNED')) AS oldest_waiting_since,
        (SELECT min(status_at) FROM tasks WHERE status = 'REVIEW') AS oldest_in_review_since`,
  });
  if (row === undefined) throw new Error('a SELECT without FROM returned no row');
  return row;
}

/**
 * Counts for the last `windowMs`, in equal buckets that end now. A task that ended in the window was also updated in it,
 * so tasks_status_updated_idx finds it; tasks_created_idx and quality_reviews_created_idx find the rest.
 */
export async function readThroughput(
  executor: Executor,
  windowMs: number,
  buckets: number,
): Promise<ThroughputPoint[]> {
  return query<ThroughputPoint>(executor, {
    name: 'read_throughput',
    text: `WITH points AS (
        SELECT bucket, now() + (bucket - 1 - $2) * ($1::float8 / $2) * interval '1 millisecond' AS at FROM generate_series(1, $2) AS bucket),
      span AS (SELECT min(at) AS since, array_agg(at ORDER BY at) AS starts FROM points),
      happened AS (
        SELECT width_bucket(created_at, starts) AS bucket, 'created' AS what FROM tasks, span WHERE created_at >= since
        UNION ALL SELECT width_bucket(completed_at, starts), CASE status WHEN 'DONE' THEN 'completed' ELSE 'failed' END
          FROM tasks, span WHERE updated_at >= since AND completed_at >= since AND status IN ('DONE', 'FAILED')
        UNION ALL SELECT width_bucket(created_at, starts), 'rejected' FROM quality_reviews, span
          WHERE created_at >= since AND verdict = 'REJECTED' AND NOT superseded),
      counted AS (SELECT bucket, what, count(*)::int AS count FROM happened GROUP BY bucket, what)
      SELECT at, coalesce(sum(count) FILTER (WHERE what = 'created'), 0)::int AS created,
        coalesce(sum(count) FILTER (WHERE what = 'completed'), 0)::int AS completed,
        coalesce(sum(count) FILTER (WHERE what = 'failed'), 0)::int AS failed,
        coalesce(sum(count) FILTER (WHERE what = 'rejected'), 0)::int AS rejected
      FROM points LEFT JOIN counted USING (bucket) GROUP BY bucket, at ORDER BY bucket`,
    values: [windowMs, buckets],
  });
}
