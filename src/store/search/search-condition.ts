import { searchedNumber, searchWords } from '../../domain/tasks/search-words.js';
import { allOf, anyOf, type Sql, sql } from '../../postgres/sql-text.js';

/** SQL pattern: texts that contain the word. */
export function patternOf(word: string): string {
  return `%${word.replace(/[\\%_]/g, '\\$&')}%`;
}

/** SQL condition: whether the task `t` has each word in one of its texts (case-insensitive), or the text is its ref. */
export function hasWords(text: string): Sql {
  const words = allOf(searchWords(text).map((word) => hasWord(patternOf(word))));
  const number = searchedNumber(text);
  return number === null ? words : anyOf([words, sql`t.number = ${number}`]);
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
