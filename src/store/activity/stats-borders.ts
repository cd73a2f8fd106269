import { type Executor, query } from '../../postgres/statement.js';

/**
 * The borders of the parts, as texts, because a Date has no microseconds: the window begins at `since`, whole hours begin at
 * `first_hour` and end at `last_hour`, and whole days lie between `first_day` and `last_day`.
 */
const BORDERS = `SELECT since::text, CASE WHEN first_hour < last_hour THEN first_hour ELSE 'infinity' END::text AS first_hour,
    CASE WHEN first_hour < last_hour THEN last_hour ELSE 'infinity' END::text AS last_hour, least(first_day, last_hour)::text AS first_day,
    greatest(last_day, least(first_day, last_hour))::text AS last_day
  FROM (SELECT since, first_hour, last_hour, date_trunc('day', last_hour, 'UTC') AS last_day,
      date_trunc('day', first_hour + interval '1 day' - interval '1 microsecond', 'UTC') AS first_day
    FROM (SELECT since, date_trunc('hour', greatest(since, counted_from) + interval '1 hour' - interval '1 microsecond', 'UTC') AS first_hour,
        date_trunc('hour', counted_until, 'UTC') AS last_hour
      FROM activity_state, (SELECT now() - $1 * interval '1 millisecond' AS since) s) h) d`;

interface Borders {
  readonly since: string;
  readonly firstHour: string;
  readonly lastHour: string;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** The borders of a window that ends now, as $2 to $6 of {@link COUNTED}. */
export async function readBorders(executor: Executor, windowMs: number): Promise<readonly string[]> {
  const [borders] = await query<Borders>(executor, {
    name: 'read_borders_of_stats',
    text: BORDERS,
    values: [windowMs],
  });
  if (borders === undefined) throw new Error('activity_state has no row');
  const { since, firstHour, lastHour, firstDay, lastDay } = borders;
  return [since, firstHour, lastHour, firstDay, lastDay];
}

/** SQL: what is counted of the agents $1 in the whole days and hours of a window. */
export const COUNTED = `
    SELECT agent_id, kind, bucket, count, true AS is_counted FROM agent_days WHERE agent_id = ANY($1) AND day >= $5 AND day < $6
    UNION ALL SELECT agent_id, kind, bucket, count, true FROM agent_hours WHERE agent_id = ANY($1) AND hour >= $3 AND hour < $5
    UNION ALL SELECT agent_id, kind, bucket, count, true FROM agent_hours WHERE agent_id = ANY($1) AND hour >= $6 AND hour < $4 AND $3 < $4`;
