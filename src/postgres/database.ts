import pg from 'pg';
import type { Instrument } from '../kernel/instrument.js';
import { type Bell, createBell } from './bell.js';
import { createClaimConnection } from './claim-connection.js';
import { cutSilentConnections } from './dead-peer-watchdog.js';
import { createStatementLine, type StatementLine } from './statement-line.js';
import { createLastPatience } from './stop-watchdog.js';

/** The connections that everything in this process shares, and the bell that is rung after its commits. */
export interface Database {
  readonly connectionString: string;
  readonly pool: pg.Pool;
  /** The connection of the claims. */
  readonly claimLine: StatementLine;
  /** Whether claims have their connection, or get one now. */
  hasClaimConnection(): Promise<boolean>;
  readonly bell: Bell;
  /** Told of what was committed. */
  readonly instrument: Instrument;
  /** The process stops: if the database goes silent, whoever waits for it is told so early enough for all to end. */
  expectStop(): void;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly connectionString: string;
  readonly instrument: Instrument;
  /** Connections at most; on two cores more than about ten give less work done, not more. */
  readonly poolSize?: number;
  /** A database that says nothing for twice as long is given up, in milliseconds. */
  readonly silenceMs?: number;
  /** A database that says nothing for so long is given up while the process stops, in milliseconds. */
  readonly stopPatienceMs?: number;
}

/**
 * A prepared statement keeps its plan. One that was made while a table held a few rows would walk the whole table after an
 * import, until the next ANALYZE: 20 ms for each row that is read by its id. Where there is no index, tables are walked as
 * ever; but before PostgreSQL 18 such a plan looks so dear that it would be compiled, 100 ms each time. Set by a statement,
 * because `options` of a connection belong to the operator (DATABASE_URL, PGOPTIONS).
 */
const PLANS = 'SET enable_seqscan = off; SET jit = off';

/** Nobody waits longer for a connection, in milliseconds. */
const CONNECT_MS = 10_000;

/** The driver waits for `onConnect`, and throws a connection away for which it fails. */
type PoolOptions = pg.PoolConfig & { onConnect(connection: pg.ClientBase): Promise<unknown> };

const CONNECTIONS: PoolOptions = {
  // A transaction of ours that stands idle is a bug or a frozen process: free its locks.
  idle_in_transaction_session_timeout: 10_000,
  statement_timeout: 60_000,
  connectionTimeoutMillis: CONNECT_MS,
  // For a connection that is silent while others are not.
  query_timeout: 65_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  application_name: 'mission-control',
  types: { getTypeParser },
  onConnect: (connection) => connection.query({ text: PLANS, query_timeout: CONNECT_MS } as pg.QueryConfig),
};

/** Opens no connection yet: the first statement does. */
export function createDatabase({
  connectionString,
  instrument,
  poolSize = 10,
  silenceMs = 5_000,
  stopPatienceMs = 4_000,
}: DatabaseOptions): Database {
  let closing = false;
  // All connections break at once when the database goes: the first one says it, until there is a new one.
  let hasTold = false;
  const lastPatience = createLastPatience({
    isAnswering: (timeoutMs) => isAnswering(connectionString, timeoutMs),
    patienceMs: stopPatienceMs,
    onGivenUp() {
      closing = true;
      const message =
        'The database does not answer, so the stop goes on without it: ' +
        'unfinished calls are not handed back, but taken over when their leases end';
      instrument.emit('warn', 'database.given_up', message);
    },
  });

  function openPool(options: pg.PoolConfig): pg.Pool {
    const pool = new pg.Pool({
      ...CONNECTIONS,
      connectionString,
      stream: lastPatience.openSocket,
      ...options,
    });
    // A connection that breaks while it is lent out, between two statements of a transaction, says so by an event that
    // ends the process if nobody listens. Who borrowed it learns of it at the next statement.
    pool.on('connect', (connection) => {
      hasTold = false;
      connection.on('error', () => undefined);
    });
    pool.on('error', (error) => {
      if (!closing && !hasTold)
        instrument.emit('warn', 'database.connection_lost', 'An idle connection broke', { error });
      hasTold = true;
    });
    cutSilentConnections(pool, {
      silenceMs,
      isAnswering: (timeoutMs) => isAnswering(connectionString, timeoutMs),
    });
    return pool;
  }

  const pool = openPool({ max: poolSize });
  // Kept, because the first claim on a connection has to compile and plan the function.
  const claimPool = openPool({ max: 1, pipeline: true, idleTimeoutMillis: 0 });
  const claimConnection = createClaimConnection({
    pool: claimPool,
    isAnswering: () => isReachable({ pool }),
    instrument,
  });
  return {
    connectionString,
    pool,
    claimLine: createStatementLine(claimConnection.lend),
    hasClaimConnection: claimConnection.isThere,
    bell: createBell(pool, instrument),
    instrument,
    expectStop: lastPatience.begin,
    async close() {
      // `end` resolves before the last connection is gone; that a stopping PostgreSQL then cuts it is no news.
      closing = true;
      claimConnection.stop();
      lastPatience.end();
      await Promise.all([pool.end(), claimPool.end()]);
    },
  };
}

/** Connects once. @throws Error that says in PostgreSQL's or the network's own words why that can't be done. */
export async function checkConnection(connectionString: string, timeoutMs = 10_000): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: timeoutMs });
  // What breaks after it was opened is of no interest, but would end the process if nobody listened.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    // Not waited for: the other side may be gone by now.
    client.end().catch(() => undefined);
  }
}

/** Whether a PostgreSQL says anything at all; that it has no connection left, or is starting, is an answer. */
async function isAnswering(connectionString: string, timeoutMs: number): Promise<boolean> {
  try {
    await checkConnection(connectionString, timeoutMs);
    return true;
  } catch (error) {
    return error instanceof pg.DatabaseError;
  }
}

/** bigint as BigInt: the rows of our statements and those of Prisma then have the same types. */
const BIGINT_OID = 20;

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === BIGINT_OID && format !== 'binary') return BigInt;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}

/** Whether the database answers; waits for it at most as long as a probe may. */
export async function isReachable({ pool }: Pick<Database, 'pool'>): Promise<boolean> {
  try {
    await pool.query({ text: 'SELECT 1', query_timeout: 2_000 } as pg.QueryConfig);
    return true;
  } catch {
    return false;
  }
}

/** True if it can be worked with; else, for the operator, why not. */
export async function isUsable(database: Database): Promise<true | string> {
  if (!(await isReachable(database))) return 'the database does not answer';
  return (await database.hasClaimConnection()) || 'PostgreSQL has no connection for claims';
}

/** Connections of the pool that are open, those of them that nobody uses, and statements that wait for one. */
export function readPoolUse({ pool }: Database): { total: number; idle: number; waiting: number } {
  return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
}

/** The version of the PostgreSQL server, as it says it. */
export async function readServerVersion({ pool }: Database): Promise<string> {
  const { rows } = await pool.query<{ server_version: string }>('SHOW server_version');
  return rows[0]?.server_version ?? 'unknown';
}
