import type { Pool } from 'pg';

export type Row = Record<string, unknown>;

/** Plain SQL for tests: rows as PostgreSQL names them. */
export function sqlOf(pool: Pool) {
  return async <R extends Row = Row>(text: string, values: readonly unknown[] = []): Promise<R[]> => {
    const { rows } = await pool.query<R>(text, [...values]);
    return rows;
  };
}
