import { searchedNumber } from '../../domain/tasks/search-words.js';
import { type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { TEXT_EVENTS } from './index-texts.js';
import { areWritten, hasWords } from './search-condition.js';

/** Of more candidates a list finds its page faster by reading along its order. */
const MOST = 4_000;

/** What is known about a search before the list. */
export interface FoundCandidates {
  /** All tasks that may have the words, to be compared with their texts. Null if they are many. */
  readonly candidateIds: readonly string[] | null;
  /**
   * The tasks that search_texts may not know, because they are new or their texts have changed since. Compared with all others, the words
   * in search_texts are right. Null if they are many.
   */
  readonly lateIds: readonly string[] | null;
}

/** Finds the candidates of a search by search_texts_trgm, and those that are not written there yet or have the ref. */
export async function findCandidates(executor: Executor, text: string): Promise<FoundCandidates> {
  const most = sql`${MOST + 1}::int`;
  const changed = (table: Sql) =>
    sql`(SELECT task_id FROM ${table} AND type = ANY(${TEXT_EVENTS}::text[]) AND task_id IS NOT NULL LIMIT ${most})`;
  const [row] = await query<{ written: readonly string[]; late: readonly string[] }>(
    executor,
    toStatement(
      sql`SELECT ARRAY(SELECT task_id FROM search_texts s WHERE ${areWritten(text)} LIMIT ${most}) AS written,
        ARRAY(SELECT DISTINCT id FROM (
          (SELECT t.id FROM tasks t WHERE t.number > (SELECT number FROM search_state) AND ${hasWords(text)} LIMIT ${most})
          UNION ALL (SELECT id FROM tasks WHERE number = ${searchedNumber(text)})
          UNION ALL ${changed(sql`events WHERE id > (SELECT position FROM search_state)`)}
          UNION ALL ${changed(sql`event_outbox WHERE true`)}) late LIMIT ${most}) AS late`,
      'once',
    ),
  );
  const { written = [], late = [] } = row ?? {};
  const all = new Set([...written, ...late]);
  return {
    candidateIds: all.size > MOST ? null : [...all],
    lateIds: late.length > MOST ? null : late,
  };
}
