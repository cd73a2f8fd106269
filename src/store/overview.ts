import type { FleetFacts, StandingFacts, TaskCount, ThroughputPoint } from '../domain/overview.js';
import { TASK_STATUSES } from '../domain/task-status.js';
import { type Executor, query } from './statement.js';

/** How many tasks there are in each status, zeros included, in the order of a task's life: one pass over tasks_status_idx. */
export async function countTasksByStatus(executor: Executor): Promise<TaskCount[]> {
  const rows = await query<TaskCount>(executor, {
    name: 'count_tasks_by_status',
    text: 'SELECT status, count(*)::int AS count FROM tasks GROUP BY status',
  });
  const counts = new Map(rows.map(({ status, count }) => [status, count]));
  return TASK_STATUSES.map((status) => ({ status, count: counts.get(status) ?? 0 }));
}

/** Agents and what they hold. Online is who has been heard of in the last `agentTimeoutMs`. */
export async function readFleet(executor: Executor, agentTimeoutMs: number): Promise<FleetFacts> {
  const [row] = await query<FleetFacts>(executor, {
    name: 'read_fleet',
    text: `SELECT (count(*) FILTER (WHERE last_seen_at >= now() - $1 * interval '1 millisecond'))::int AS agents_online,
        count(*)::int AS agents_total, coalesce(sum(max_capacity), 0)::int AS capacity_total,
        (SELECT count(*) FROM tasks WHERE status = 'IN_PROGRESS')::int AS capacity_in_use
      FROM agents`,
    values: [agentTimeoutMs],
  });
  if (row === undefined) throw new Error('an aggregate returned no row');
  return row;
}

/** Since when the task that has stood longest in the queue, and the one longest in review, has stood there. */
export async function readStanding(executor: Executor): Promise<StandingFacts> {
  const [row] = await query<StandingFacts>(executor, {
    name: 'read_standing',
    text: `SELECT (SELECT min(status_at) FROM tasks WHERE status IN ('INBOX', 'ASSIGNED')) AS oldest_waiting_since,
        (SELECT min(status_at) FROM tasks WHERE status = 'REVIEW') AS oldest_in_review_since`,
  });
  if (row === undefined) throw new Error('a SELECT without FROM returned no row');
  return row;
}

/**
 * What happened in the last `windowMs`, in equal buckets that end now. What ended in the window has also been updated in
 * it, so tasks_updated_idx finds it; tasks_created_idx and quality_reviews_created_idx find the rest.
 */
export async function readThroughput(
  executor: Executor,
  windowMs: number,
  buckets: number,
): Promise<ThroughputPoint[]> {
  return query<ThroughputPoint>(executor, {
    name: 'read_throughput',
    text: `WITH span AS (SELECT now() - $1 * interval '1 millisecond' AS since, $1::float8 / $2 / 1000 AS width),
      happened AS (
        SELECT created_at AS at, 'created' AS what FROM tasks, span WHERE created_at >= since
        UNION ALL SELECT completed_at, CASE status WHEN 'DONE' THEN 'completed' ELSE 'failed' END FROM tasks, span
          WHERE updated_at >= since AND completed_at >= since AND status IN ('DONE', 'FAILED')
        UNION ALL SELECT created_at, 'rejected' FROM quality_reviews, span
          WHERE created_at >= since AND verdict = 'REJECTED' AND NOT superseded),
      counted AS (
        SELECT least(floor(extract(epoch FROM at - since) / width)::int, $2 - 1) AS bucket, what, count(*)::int AS count
        FROM happened, span GROUP BY 1, 2)
      SELECT since + bucket * width * interval '1 second' AS at,
        coalesce(sum(count) FILTER (WHERE what = 'created'), 0)::int AS created,
        coalesce(sum(count) FILTER (WHERE what = 'completed'), 0)::int AS completed,
        coalesce(sum(count) FILTER (WHERE what = 'failed'), 0)::int AS failed,
        coalesce(sum(count) FILTER (WHERE what = 'rejected'), 0)::int AS rejected
      FROM span CROSS JOIN generate_series(0, $2::int - 1) AS bucket LEFT JOIN counted USING (bucket)
      GROUP BY since, width, bucket ORDER BY bucket`,
    values: [windowMs, buckets],
  });
}
