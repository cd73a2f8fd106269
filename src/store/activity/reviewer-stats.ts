import { medianOf, type ReviewerStats } from '../../domain/agents/stats.js';
import { type Executor, query } from '../../postgres/statement.js';
import { reviewsOf } from './contributions.js';
import { COUNTED, readBorders } from './stats-borders.js';

/**
 * Counts, for each agent, the verdicts that it gave in the last `windowMs` and that are not superseded. Counted days and hours come
 * from agent_days and agent_hours, the rest from the verdicts of that time (quality_reviews_created_idx).
 */
export async function listReviewerStats(
  executor: Executor,
  ids: readonly string[],
  windowMs: number,
): Promise<(ReviewerStats & { readonly id: string })[]> {
  const values = [ids, ...(await readBorders(executor, windowMs))];
  const rows = await query<StatsRow>(executor, { text: STATS, values });
  return rows.map(({ id, approved, rejected, timed }) => ({
    ...{ id, approved, rejected, reviews: approved + rejected },
    medianDurationMs: medianOf((timed ?? []).map(([bucket, count]) => ({ bucket, count }))),
  }));
}

interface StatsRow {
  readonly id: string;
  readonly approved: number;
  readonly rejected: number;
  /** The numbers of reviews with a known duration, by bucket. */
  readonly timed: readonly (readonly [bucket: number, count: number])[] | null;
}

const LATELY =
  '(q.created_at >= $2 AND q.created_at < $3 OR q.created_at >= $4) AND q.reviewer_agent_id = ANY($1)';

const STATS = `WITH summed AS MATERIALIZED (
    SELECT agent_id, kind, bucket, sum(count)::int AS count FROM (
      SELECT * FROM (${COUNTED}) c WHERE kind IN ('REVIEW_APPROVED', 'REVIEW_REJECTED')
      UNION ALL SELECT agent_id, kind::activity_kind, bucket, 1, false FROM (${reviewsOf('quality_reviews q', LATELY)}) r) counts
    GROUP BY 1, 2, 3),
  buckets AS (SELECT agent_id, bucket, sum(count)::int AS count FROM summed WHERE bucket >= 0 GROUP BY 1, 2)
  SELECT a.id, coalesce((SELECT sum(count) FROM summed s WHERE s.agent_id = a.id AND kind = 'REVIEW_APPROVED'), 0)::int AS approved,
    coalesce((SELECT sum(count) FROM summed s WHERE s.agent_id = a.id AND kind = 'REVIEW_REJECTED'), 0)::int AS rejected,
    (SELECT json_agg(json_build_array(bucket, count)) FROM buckets b WHERE b.agent_id = a.id) AS timed
  FROM unnest($1::text[]) AS a (id)`;
