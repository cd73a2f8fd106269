import type { Pool } from 'pg';

export type Row = Record<string, unknown>;

/** Runs plain SQL for tests. The columns of the rows keep PostgreSQL's names. */
export function sqlOf(pool: Pool) {
  return async <R extends Row = Row>(text: string, values: readonly unknown[] = []): Promise<R[]> => {
    const { rows } = await pool.query<R>(text, [...values]);
    return rows;
  };
}
