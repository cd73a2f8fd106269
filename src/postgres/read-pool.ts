import pg from 'pg';
import { type Clock, systemClock } from '../kernel/clock.js';
import { FairQueue, type Place } from '../kernel/fair-queue.js';
import type { Instrument } from '../kernel/instrument.js';
import { StatementCut } from '../kernel/statement-cut.js';
import { ReadWrote } from './outage.js';

/** PostgreSQL's code for a statement that reached `statement_timeout`. */
const QUERY_CANCELED = '57014';

/** PostgreSQL's code for a write in a transaction that only reads. */
const READ_ONLY = '25006';

/** The pool, with {@link StatementCut} as the error of a statement that reached the time limit of its connections. */
export function reportCuts(pool: pg.Pool, limitMs: number, instrument: Instrument): pg.Pool {
  function explain(error: unknown, { name }: pg.QueryConfig): never {
    if (!(error instanceof pg.DatabaseError)) throw error;
    // Here it is a bug of this server. On other connections it means that PostgreSQL accepts no writes.
    if (error.code === READ_ONLY) throw new ReadWrote('A read would write', { cause: error });
    if (error.code !== QUERY_CANCELED) throw error;
    // Only debug: the caller is told, and the server is not at fault.
    const facts = { statement: name };
    instrument.emit('debug', 'database.read_cut', 'A read took too long and was stopped', facts);
    throw new StatementCut(limitMs, { cause: error });
  }
  const query = (statement: pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult> =>
    pool.query(statement, values).catch((error: unknown) => explain(error, statement));
  return Object.create(pool, { query: { value: query, writable: true } });
}

/** How long a statement may wait for those of its own key, and how many of them, before it is refused. */
const WAITING = { waitMs: 10_000, waitingPerKey: 1_000 };

/**
 * Creates views of a pool, one for each key. A key never has all connections, and keys take turns. Without this, the fields of
 * a few large queries would stand in line before every statement of the others.
 */
export function shareByKey(
  pool: pg.Pool,
  size: number,
  clock: Clock = systemClock,
): (key: string) => pg.Pool {
  const limits = { ...WAITING, total: size, perKey: Math.max(1, size - 1) };
  const queue = new FairQueue(limits, clock, () => new StatementCut(WAITING.waitMs));
  return (key) => {
    async function queryIn(place: Place, statement: pg.QueryConfig, values?: unknown[]) {
      try {
        return await pool.query(statement, values);
      } finally {
        place.leave();
      }
    }
    // Not asynchronous itself: nearly every statement finds a place at once.
    function query(statement: pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult> {
      const place = queue.enter(key);
      if (place !== undefined) return queryIn(place, statement, values);
      return queue.wait(key).then((later) => queryIn(later, statement, values));
    }
    return Object.create(pool, { query: { value: query, writable: true } });
  };
}
