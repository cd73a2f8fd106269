import pg from 'pg';
import type { Instrument } from '../kernel/instrument.js';
import { type Bell, createBell } from './bell.js';

/** The pool that everything in this process shares, and the bell that is rung after its commits. */
export interface Database {
  readonly connectionString: string;
  readonly pool: pg.Pool;
  readonly bell: Bell;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly connectionString: string;
  readonly instrument: Instrument;
  /** Connections at most; on two cores more than about ten give less work done, not more. */
  readonly poolSize?: number;
}

/** Opens no connection yet: the first statement does. */
export function createDatabase({ connectionString, instrument, poolSize = 10 }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString,
    max: poolSize,
    // A transaction of ours that stands idle is a bug or a frozen process: free its locks.
    idle_in_transaction_session_timeout: 10_000,
    statement_timeout: 60_000,
    application_name: 'mission-control',
    types: { getTypeParser },
  });
  pool.on('error', (error) =>
    instrument.emit('warn', 'database.connection_lost', 'An idle connection broke', { error }),
  );
  return { connectionString, pool, bell: createBell(pool, instrument), close: () => pool.end() };
}

/** bigint as BigInt: the rows of our statements and those of Prisma then have the same types. */
const BIGINT_OID = 20;

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === BIGINT_OID && format !== 'binary') return BigInt;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}
