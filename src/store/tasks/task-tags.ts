import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';

/** New tasks whose tags are read from themselves, because the job that writes task_tags has not come to them. */
const MOST_LATE = 1_000;

/** The first tags with the prefix that tasks have or had, sorted by their bytes. */
export async function listTags(executor: Executor, prefix: string, limit: number): Promise<string[]> {
  const rows = await query<{ tag: string }>(
    executor,
    toStatement(
      // Planned for the prefix, of which the index needs to know the begin.
      sql`(SELECT tag FROM task_tags WHERE tag ^@ ${prefix}::text ORDER BY tag LIMIT ${limit}::int)
      UNION SELECT tag FROM (SELECT tags FROM tasks WHERE number > (SELECT number FROM search_state) ORDER BY number DESC LIMIT ${MOST_LATE}::int) late
        CROSS JOIN LATERAL unnest(late.tags) tag WHERE tag ^@ ${prefix}::text
      ORDER BY tag LIMIT ${limit}::int`,
      'once',
    ),
  );
  return rows.map(({ tag }) => tag);
}
