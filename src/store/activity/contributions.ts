/**
 * The binary logarithm in eighths: buckets of durations that are 9 % wide, whatever the length. Milliseconds are counted from 1.
 */
export const bucketOf = (ms: string): string =>
  `floor(ln(greatest(1, ${ms})::float8) * 8 / ln(2::float8))::smallint`;

/** The duration of the run `r` in milliseconds. */
export const DURATION = 'extract(epoch FROM r.finished_at - r.started_at) * 1000';

/** How long the task `t` waited for its first run `r`, in milliseconds. */
const WAIT = 'extract(epoch FROM r.started_at - greatest(t.created_at, t.starts_at)) * 1000';

/** Joins the run of the reviewer to its verdict `q`; its duration is `d.bucket`, -1 if it judged without one. */
const REVIEW_DURATION = `LEFT JOIN LATERAL (SELECT ${bucketOf(DURATION)} AS bucket FROM review_runs r
  WHERE r.task_id = q.task_id AND r.round = q.round AND r.agent_id = q.reviewer_agent_id AND r.outcome = 'SUCCEEDED' LIMIT 1) d ON true`;

/** SQL: the verdicts `q` of agents as rows (at, agent_id, kind, bucket). */
export const reviewsOf = (from: string, where: string): string =>
  `SELECT q.created_at AS at, q.reviewer_agent_id AS agent_id, 'REVIEW_' || q.verdict AS kind, coalesce(d.bucket, -1) AS bucket
    FROM ${from} ${REVIEW_DURATION} WHERE ${where} AND NOT q.superseded AND q.reviewer_agent_id IS NOT NULL`;

/** The start of the five minutes of an instant. */
export const slotOf = (at: string): string => `date_bin('5 minutes', ${at}, 'epoch')`;

/** SQL: the columns of an entry `e` of the log that count. */
export const ENTRY =
  "e.id, e.type, e.at, e.run_id, e.review_id, CASE WHEN e.type LIKE 'task.%' THEN e.payload->>'to' END AS becomes";

/**
 * SQL: what the entries `e` of the log, with the columns of {@link ENTRY}, count for: a row (at, agent_id, kind, bucket) for each thing that happened. Rows without
 * an agent are about tasks. This is the only definition of what is counted, for the job that counts and for the one that repairs.
 *
 * The time is the one of the row that the statistics read where nothing is counted yet, so that nothing is counted twice or left
 * out at the border between the two. A task and its event have the same time: that of their transaction.
 */
export function contributionsOf(entries: string): string {
  return `SELECT e.at, NULL::text AS agent_id, 'CREATED' AS kind, 0::smallint AS bucket FROM ${entries} e WHERE e.type = 'task.created'
    UNION ALL SELECT e.at, NULL, CASE e.becomes WHEN 'DONE' THEN 'COMPLETED' ELSE 'FAILED' END, 0 FROM ${entries} e
      WHERE e.becomes IN ('DONE', 'FAILED')
    UNION ALL SELECT q.created_at, NULL, 'REJECTED', 0 FROM ${entries} e, ${byId('quality_reviews', 'e.review_id', 'q')}
      WHERE e.type = 'review.submitted' AND NOT q.superseded AND q.verdict = 'REJECTED'
    UNION ALL SELECT q.created_at, r.agent_id, q.verdict::text, 0 FROM ${entries} e, ${byId('quality_reviews', 'e.review_id', 'q')},
      ${byId('task_runs', 'q.run_id', 'r')} WHERE e.type = 'review.submitted' AND NOT q.superseded
    UNION ALL SELECT r.finished_at, r.agent_id, CASE e.type WHEN 'run.succeeded' THEN 'COMPLETED' ELSE 'FAILED' END,
        CASE e.type WHEN 'run.succeeded' THEN ${bucketOf(DURATION)} ELSE 0 END
      FROM ${entries} e, ${byId('task_runs', 'e.run_id', 'r')}
      WHERE e.type IN ('run.succeeded', 'run.failed', 'run.timed_out') AND r.finished_at IS NOT NULL
    UNION ALL ${reviewsOf(`${entries} e CROSS JOIN ${byId('quality_reviews', 'e.review_id', 'q')}`, "e.type = 'review.submitted'")}
    UNION ALL SELECT r.started_at, NULL, 'WAITED', ${bucketOf(WAIT)} FROM ${entries} e, ${byId('task_runs', 'e.run_id', 'r')},
      ${byId('tasks', 'r.task_id', 't')} WHERE e.type = 'run.started' AND r.number = 1`;
}

/** SQL: the row with the id, read by its key. OFFSET 0 keeps PostgreSQL from reading the whole table once, for a join. */
function byId(table: string, id: string, alias: string): string {
  return `LATERAL (SELECT * FROM ${table} WHERE id = ${id} OFFSET 0) ${alias}`;
}

/** SQL: the contributions as rows of time_hours. */
export function timesOf(contributions: string): string {
  return `SELECT date_trunc('hour', at, 'UTC') AS hour, (CASE kind WHEN 'WAITED' THEN 'WAIT' ELSE 'RUN' END)::time_kind AS kind,
      bucket::smallint AS bucket, count(*)::int AS count
    FROM ${contributions} WHERE kind = 'WAITED' OR kind = 'COMPLETED' AND agent_id IS NOT NULL GROUP BY 1, 2, 3`;
}

/** SQL: the contributions as rows of task_activity. */
export function slotsOf(contributions: string): string {
  const count = (kind: string) => `(count(*) FILTER (WHERE kind = '${kind}'))::int`;
  return `SELECT ${slotOf('at')} AS slot, ${count('CREATED')} AS created, ${count('COMPLETED')} AS completed,
      ${count('FAILED')} AS failed, ${count('REJECTED')} AS rejected
    FROM ${contributions} WHERE agent_id IS NULL AND kind <> 'WAITED' GROUP BY 1`;
}

/** SQL: the contributions as rows of agent_hours or agent_days. */
export function agentCountsOf(contributions: string, unit: 'hour' | 'day'): string {
  return `SELECT agent_id, date_trunc('${unit}', at, 'UTC') AS ${unit}, kind::activity_kind AS kind, bucket::smallint AS bucket, count(*)::int AS count
    FROM ${contributions} WHERE agent_id IS NOT NULL GROUP BY 1, 2, 3, 4`;
}
