import type { ThroughputPoint } from '../../domain/ops/overview.js';
import { type Executor, query } from '../../postgres/statement.js';
import { slotOf } from './contributions.js';

/**
 * Counts for the last `windowMs`, in equal buckets that end now. Five minutes that are counted and lie within a bucket come from
 * task_activity. The rest are rows: what is not counted yet, and the five minutes in which a bucket begins
 * (tasks_created_idx, tasks_status_at_idx, quality_reviews_created_idx). A task that failed and was retried is missing among the rows.
 */
export async function readThroughput(
  executor: Executor,
  windowMs: number,
  buckets: number,
): Promise<ThroughputPoint[]> {
  return query<ThroughputPoint>(executor, {
    name: 'read_throughput',
    text: THROUGHPUT,
    values: [windowMs, buckets],
  });
}

const FIVE_MINUTES = "interval '5 minutes'";

const THROUGHPUT = `WITH points AS MATERIALIZED (
    SELECT bucket, now() + (bucket - 1 - $2) * ($1::float8 / $2) * interval '1 millisecond' AS at FROM generate_series(1, $2) AS bucket),
  span AS MATERIALIZED (SELECT since, starts, greatest(since, least(first, counted_until)) AS first, greatest(since, counted_until) AS counted_until
    FROM (SELECT min(at) AS since, array_agg(at ORDER BY at) AS starts FROM points) p,
      LATERAL (SELECT counted_until, ${slotOf(`greatest(since, counted_from) + ${FIVE_MINUTES} - interval '1 microsecond'`)} AS first FROM activity_state) s),
  broken AS MATERIALIZED (SELECT DISTINCT ${slotOf('at')} AS slot FROM points, span
    WHERE at <> ${slotOf('at')} AND ${slotOf('at')} >= first AND ${slotOf('at')} < counted_until),
  parts AS MATERIALIZED (SELECT since AS lo, first AS hi FROM span UNION ALL SELECT counted_until, 'infinity' FROM span
    UNION ALL SELECT slot, slot + ${FIVE_MINUTES} FROM broken),
  happened AS (
    SELECT t.created_at AS at, 'created' AS what FROM parts, LATERAL (SELECT created_at FROM tasks WHERE created_at >= lo AND created_at < hi) t
    UNION ALL SELECT t.status_at, CASE t.status WHEN 'DONE' THEN 'completed' ELSE 'failed' END FROM parts,
      LATERAL (SELECT status_at, status FROM tasks WHERE status_at >= lo AND status_at < hi AND status IN ('DONE', 'FAILED')) t
    UNION ALL SELECT q.created_at, 'rejected' FROM parts,
      LATERAL (SELECT created_at FROM quality_reviews WHERE created_at >= lo AND created_at < hi AND verdict = 'REJECTED' AND NOT superseded) q),
  counted AS (
    SELECT width_bucket(at, starts) AS bucket, count(*) FILTER (WHERE what = 'created') AS created, count(*) FILTER (WHERE what = 'completed') AS completed,
      count(*) FILTER (WHERE what = 'failed') AS failed, count(*) FILTER (WHERE what = 'rejected') AS rejected
    FROM happened, span WHERE at >= since GROUP BY 1
    UNION ALL SELECT width_bucket(a.slot, starts), sum(created), sum(completed), sum(failed), sum(rejected) FROM task_activity a, span
    WHERE a.slot >= (SELECT first FROM span) AND a.slot < (SELECT counted_until FROM span) AND a.slot NOT IN (SELECT slot FROM broken) GROUP BY 1)
  SELECT at, coalesce(sum(created), 0)::int AS created, coalesce(sum(completed), 0)::int AS completed,
    coalesce(sum(failed), 0)::int AS failed, coalesce(sum(rejected), 0)::int AS rejected
  FROM points LEFT JOIN counted USING (bucket) GROUP BY bucket, at ORDER BY bucket`;
