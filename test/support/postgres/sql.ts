import type { Pool } from 'pg';
import { untilLogIsReadable } from './readable-log.js';

export type Row = Record<string, unknown>;

/** Runs plain SQL for tests. The columns of the rows keep PostgreSQL's names. Events of earlier commits are in the log. */
export function sqlOf(pool: Pool) {
  return async <R extends Row = Row>(text: string, values: readonly unknown[] = []): Promise<R[]> => {
    if (/\bevents\b/.test(text)) await untilLogIsReadable(pool);
    const { rows } = await pool.query<R>(text, [...values]);
    return rows;
  };
}
