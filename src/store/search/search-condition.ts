import { searchedNumber, searchWords } from '../../domain/tasks/search-words.js';
import { allOf, anyOf, type Sql, sql } from '../../postgres/sql-text.js';

/** SQL pattern: texts that contain the word. */
function patternOf(word: string): string {
  return `%${word.replace(/[\\%_]/g, '\\$&')}%`;
}

/** SQL condition: whether the task `t` has each word in one of its texts (case-insensitive), or the text is its ref. */
export function hasWords(text: string): Sql {
  const words = allOf(searchWords(text).map((word) => hasWord(patternOf(word))));
  const number = searchedNumber(text);
  return number === null ? words : anyOf([words, sql`t.number = ${number}`]);
}

/** SQL condition: whether the texts `s` of a task in search_texts have each word. A word has no line break, so it lies in one text. */
export function areWritten(text: string): Sql {
  return allOf(searchWords(text).map((word) => sql`s.body ILIKE ${patternOf(word)}`));
}

/** As {@link hasWords}, by search_texts for all tasks except those that it may not know. That takes half the time. */
export function hasWrittenWords(text: string, lateIds: readonly string[]): Sql {
  const written = sql`EXISTS (SELECT FROM search_texts s WHERE s.task_id = t.id AND ${areWritten(text)} OFFSET 0)`;
  if (lateIds.length === 0) return written;
  return sql`CASE WHEN t.id = ANY(${lateIds}::text[]) THEN ${hasWords(text)} ELSE ${written} END`;
}

/**
 * Uses comments_task_created_idx and quality_reviews_task_created_idx. Without OFFSET 0, PostgreSQL would read the comments and reviews
 * of all tasks once, for a list that looks at a hundred.
 */
function hasWord(pattern: string): Sql {
  return sql`(t.title ILIKE ${pattern} OR t.description ILIKE ${pattern} OR t.resolution ILIKE ${pattern}
    OR EXISTS (SELECT FROM comments c WHERE c.task_id = t.id AND c.body ILIKE ${pattern} OFFSET 0)
    OR EXISTS (SELECT FROM quality_reviews q WHERE q.task_id = t.id AND q.feedback ILIKE ${pattern} OFFSET 0))`;
}
