import pg from 'pg';
import type { Instrument } from '../kernel/instrument.js';
import { StatementCut } from '../kernel/statement-cut.js';

/** PostgreSQL's code for a statement that reached `statement_timeout`. */
const QUERY_CANCELED = '57014';

/** The pool, with {@link StatementCut} as the error of a statement that reached the time limit of its connections. */
export function reportCuts(pool: pg.Pool, limitMs: number, instrument: Instrument): pg.Pool {
  async function query(statement: pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult> {
    try {
      return await pool.query(statement, values);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== QUERY_CANCELED) throw error;
      // Only debug: the caller is told, and the server is not at fault.
      const facts = { statement: statement.name };
      instrument.emit('debug', 'database.read_cut', 'A read took too long and was stopped', facts);
      throw new StatementCut(limitMs, { cause: error });
    }
  }
  return Object.create(pool, { query: { value: query, writable: true } });
}
