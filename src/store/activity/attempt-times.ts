import { percentileOf } from '../../domain/agents/stats.js';
import type { AttemptTimes, TimeSpread } from '../../domain/ops/overview.js';
import { type Executor, query } from '../../postgres/statement.js';
import { contributionsOf, ENTRY, timesOf } from './contributions.js';

/**
 * How long tasks waited for their first attempt, and attempts took that succeeded, for at most `buckets` periods of whole hours. The
 * last one contains the present hour. Counted events come from time_hours, the others from the end of the
 * log, the latest 5,000 at most: more wait only while the job that counts is paused.
 */
export async function readAttemptTimes(
  executor: Executor,
  windowMs: number,
  buckets: number,
): Promise<AttemptTimes[]> {
  const rows = await query<TimesRow>(executor, {
    name: 'read_attempt_times',
    text: TIMES,
    values: [windowMs, buckets],
  });
  return rows.map(({ at, waits, runs }) => ({ at, waits: toSpread(waits), runs: toSpread(runs) }));
}

type Counts = readonly (readonly [bucket: number, count: number])[];

interface TimesRow {
  readonly at: Date;
  readonly waits: Counts | null;
  readonly runs: Counts | null;
}

function toSpread(counts: Counts | null): TimeSpread {
  const counted = (counts ?? []).map(([bucket, count]) => ({ bucket, count }));
  return {
    count: counted.reduce((sum, { count }) => sum + count, 0),
    p50Ms: percentileOf(counted, 0.5),
    p95Ms: percentileOf(counted, 0.95),
  };
}

const HOUR = "interval '1 hour'";

const TIMES = `WITH span AS MATERIALIZED (SELECT date_trunc('hour', now(), 'UTC') - (ceil($1::float8 / 3600000) - 1) * ${HOUR} AS since,
      greatest(1, ceil($1::float8 / 3600000 / $2))::int * ${HOUR} AS step),
  batch AS MATERIALIZED (SELECT ${ENTRY} FROM events e WHERE e.id > (SELECT position FROM activity_state) ORDER BY e.id DESC LIMIT 5000),
  times AS MATERIALIZED (SELECT * FROM time_hours WHERE hour >= (SELECT since FROM span)
    UNION ALL SELECT * FROM (${timesOf(`(${contributionsOf('batch')}) c`)}) f WHERE hour >= (SELECT since FROM span)),
  sums AS MATERIALIZED (SELECT date_bin(step, hour, since) AS at, kind, bucket, sum(count)::int AS count FROM times, span GROUP BY 1, 2, 3),
  counts AS (SELECT at, kind, json_agg(json_build_array(bucket, count)) AS counts FROM sums GROUP BY 1, 2)
  SELECT p.at, (SELECT counts FROM counts c WHERE c.at = p.at AND kind = 'WAIT') AS waits, (SELECT counts FROM counts c WHERE c.at = p.at AND kind = 'RUN') AS runs
  FROM span, generate_series(since, now(), step) AS p (at) ORDER BY p.at`;
