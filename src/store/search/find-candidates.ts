import { searchedNumber, searchWords } from '../../domain/tasks/search-words.js';
import { allOf, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { TEXT_EVENTS } from './index-texts.js';
import { hasWords, patternOf } from './search-condition.js';

/** Of more candidates a list finds its page faster by reading along its order. */
const MOST = 5_000;

/**
 * The ids of all tasks that may have the words, to be compared with their texts: those that search_texts finds by
 * search_texts_trgm, those that are not written there yet, and those whose texts may have changed since. Null if there are too many.
 */
export async function findCandidates(executor: Executor, text: string): Promise<readonly string[] | null> {
  const most = sql`${MOST + 1}::int`;
  const written = allOf(searchWords(text).map((word) => sql`s.body ILIKE ${patternOf(word)}`));
  const changed = (table: typeof written) =>
    sql`(SELECT task_id FROM ${table} AND type = ANY(${TEXT_EVENTS}::text[]) AND task_id IS NOT NULL LIMIT ${most})`;
  const rows = await query<{ id: string }>(
    executor,
    toStatement(
      sql`SELECT DISTINCT id FROM (
          (SELECT task_id AS id FROM search_texts s WHERE ${written} LIMIT ${most})
          UNION ALL (SELECT t.id FROM tasks t WHERE t.number > (SELECT number FROM search_state) AND ${hasWords(text)} LIMIT ${most})
          UNION ALL (SELECT id FROM tasks WHERE number = ${searchedNumber(text)})
          UNION ALL ${changed(sql`events WHERE id > (SELECT position FROM search_state)`)}
          UNION ALL ${changed(sql`event_outbox WHERE true`)}) candidates LIMIT ${most}`,
      'once',
    ),
  );
  return rows.length > MOST ? null : rows.map(({ id }) => id);
}
