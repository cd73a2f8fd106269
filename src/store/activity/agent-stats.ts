import type { AgentStats, CountedRuns } from '../../domain/agents/stats.js';
import { medianOf } from '../../domain/agents/stats.js';
import { type Executor, query } from '../../postgres/statement.js';
import { bucketOf, DURATION } from './contributions.js';
import { COUNTED, readBorders } from './stats-borders.js';

/**
 * Counts, for each agent, its runs that ended in the last `windowMs` and the verdicts on its runs in that time that are not
 * superseded. Days and hours that are counted come from agent_days and agent_hours. The rest are rows: the part of an hour in which the
 * window begins, and what is not counted yet (task_runs_agent_ended_idx, quality_reviews_created_idx).
 */
export async function listAgentStats(
  executor: Executor,
  ids: readonly string[],
  windowMs: number,
): Promise<(AgentStats & { readonly id: string })[]> {
  // Not prepared: the planner has to know how long the window is.
  const values = [ids, ...(await readBorders(executor, windowMs))];
  const rows = await query<StatsRow>(executor, { text: STATS, values });
  return rows.map(({ id, completed, failed, rejected, approved, rowMedianMs, counted }) => ({
    ...{ id, completed, failed, rejected, verdicts: approved + rejected },
    medianDurationMs:
      counted === null ? rowMedianMs : medianOf(counted.map(([bucket, count]) => ({ bucket, count }))),
    approvalRate: approved + rejected === 0 ? null : approved / (approved + rejected),
  }));
}

interface StatsRow {
  readonly id: string;
  readonly completed: number;
  readonly failed: number;
  readonly rejected: number;
  readonly approved: number;
  /** The exact median of the runs that were read as rows. */
  readonly rowMedianMs: number | null;
  /** The numbers of all completed runs by bucket. Null if all were read as rows. */
  readonly counted: readonly (readonly [CountedRuns['bucket'], CountedRuns['count']])[] | null;
}

/** $1 are the ids, $2 to $6 the borders. Without whole hours, $3 and $4 are infinity, and everything is read as rows. */
const STATS = `WITH counts AS (${COUNTED}),
  runs AS MATERIALIZED (SELECT r.agent_id, r.outcome, ${DURATION} AS ms FROM task_runs r
    WHERE r.agent_id = ANY($1) AND r.finished_at >= '-infinity' AND (r.finished_at >= $2 AND r.finished_at < $3 OR r.finished_at >= $4) AND r.outcome IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT')),
  verdicts AS (SELECT w.agent_id, q.verdict FROM quality_reviews q,
    LATERAL (SELECT agent_id FROM task_runs r WHERE r.id = q.run_id OFFSET 0) w
    WHERE (q.created_at >= $2 AND q.created_at < $3 OR q.created_at >= $4) AND NOT q.superseded AND w.agent_id = ANY($1)),
  summed AS MATERIALIZED (SELECT agent_id, kind, bucket, sum(count) AS count, bool_or(is_counted) AS is_counted FROM (
      SELECT * FROM counts
      UNION ALL SELECT agent_id, (CASE outcome WHEN 'SUCCEEDED' THEN 'COMPLETED' ELSE 'FAILED' END)::activity_kind,
        CASE outcome WHEN 'SUCCEEDED' THEN ${bucketOf('ms')} ELSE 0 END, 1, false FROM runs
      UNION ALL SELECT agent_id, verdict::text::activity_kind, 0, 1, false FROM verdicts) all_counts
    GROUP BY agent_id, kind, bucket),
  medians AS (SELECT agent_id, (percentile_cont(0.5) WITHIN GROUP (ORDER BY ms))::float8 AS ms FROM runs WHERE outcome = 'SUCCEEDED' GROUP BY agent_id),
  totals AS (SELECT agent_id, (sum(count) FILTER (WHERE kind = 'COMPLETED'))::int AS completed, (sum(count) FILTER (WHERE kind = 'FAILED'))::int AS failed,
      (sum(count) FILTER (WHERE kind = 'REJECTED'))::int AS rejected, (sum(count) FILTER (WHERE kind = 'APPROVED'))::int AS approved,
      CASE WHEN bool_or(is_counted) FILTER (WHERE kind = 'COMPLETED')
        THEN json_agg(json_build_array(bucket, count) ORDER BY bucket) FILTER (WHERE kind = 'COMPLETED') END AS counted
    FROM summed GROUP BY agent_id)
  SELECT a.id, coalesce(t.completed, 0) AS completed, coalesce(t.failed, 0) AS failed, coalesce(t.rejected, 0) AS rejected,
    coalesce(t.approved, 0) AS approved, t.counted, m.ms AS row_median_ms
  FROM unnest($1::text[]) AS a (id) LEFT JOIN totals t ON t.agent_id = a.id LEFT JOIN medians m ON m.agent_id = a.id`;
