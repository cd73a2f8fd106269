import pg from 'pg';
import { systemClock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import { withDeadline } from '../kernel/with-deadline.js';
import { type Bell, createBell } from './bell.js';
import { createClaimConnectionSource } from './claim-connection.js';
import { startDeadPeerWatchdog } from './dead-peer-watchdog.js';
import { createOutageReport, type OutageReport } from './outage-report.js';
import { createPipelinedConnection, type PipelinedConnection } from './pipelined-connection.js';
import { probeBackends } from './probe-backends.js';
import { reportCuts, shareByKey } from './read-pool.js';
import { type PoolOptions, pinSession, STEADY_PLANS } from './session.js';
import { createStopWatchdog } from './stop-watchdog.js';
import { getTypeParser } from './type-parsers.js';

/**
 * The connections that everything in this process shares, and the bell that is rung after its commits.
 *
 * Three watchdogs look after the connections. They watch for different faults:
 * - dead-peer-watchdog.ts, at all times: a host that vanished sends no TCP reset, and neither does a firewall that has
 *   forgotten a connection, so statements would hang for minutes. It destroys the sockets in use if PostgreSQL does not answer
 *   a new connection either, or says that it has nothing to do for them.
 * - stop-watchdog.ts, from the start of a stop: if PostgreSQL does not answer, it destroys all sockets so that the
 *   process can end in time. It waits less long, and nothing reconnects afterwards.
 * - claim-connection.ts, after the claim connection was refused: PostgreSQL answers but has no connection left for
 *   claims. It retries every second and reports the difference to a full outage.
 */
export interface Database {
  readonly connectionString: string;
  /** For authentication, mutations, heartbeats, jobs and the event log. */
  readonly pool: pg.Pool;
  /**
   * For queries, subscriptions and every list with a filter. Its statements are short and only read. The connections are
   * others than those of `pool`, so that many or slow reads delay no claim and no heartbeat.
   */
  readonly readPool: pg.Pool;
  /** The same pool for the queries of one API key, which leaves connections to those of others. */
  readPoolOf(keyId: string): pg.Pool;
  /** Claims run on a connection of their own, in pipeline mode. */
  readonly claimConnection: PipelinedConnection;
  /** Whether the claim connection is open; opens it if it is not. */
  hasClaimConnection(): Promise<boolean>;
  readonly bell: Bell;
  /** What is known about a PostgreSQL that answers but refuses to work. */
  readonly outages: OutageReport;
  /** Receives the events of each commit. */
  readonly instrument: Instrument;
  /** Called when the process begins to stop. From now on a database that does not answer is given up after a short time. */
  expectStop(): void;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly connectionString: string;
  readonly instrument: Instrument;
  /** The maximum number of connections in the pool. On two cores more than about ten reduce the throughput. */
  readonly poolSize?: number;
  /** The time limit of a statement in the pool for reads, in milliseconds. */
  readonly readTimeoutMs?: number;
  /** The dead-peer watchdog gives a database up that does not answer for twice this long, in milliseconds. */
  readonly silenceMs?: number;
  /**
   * The stop watchdog gives a database up that does not answer for this long, in milliseconds. Connections that do not close for this
   * long are destroyed.
   */
  readonly stopSilenceMs?: number;
}

/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 10_000;

/** On two cores, four statements at a time keep PostgreSQL busy. The others bridge the time on the network. */
const READ_POOL_SIZE = 6;

/** An idle transaction of this server is a bug or a frozen process: its locks must be freed. */
const TIMEOUTS = { statementMs: 60_000, idleInTransactionMs: 10_000 };

/** How long the answer of a statement that PostgreSQL has stopped may take, in milliseconds. */
const ANSWER_MS = 5_000;

const CONNECTIONS: PoolOptions = {
  connectionTimeoutMillis: CONNECT_MS,
  // Ends statements on a connection that is dead, if the watchdog can't ask about it.
  query_timeout: TIMEOUTS.statementMs + ANSWER_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  application_name: 'mission-control',
  types: { getTypeParser },
  onConnect: (connection) => pinSession(connection, TIMEOUTS, STEADY_PLANS),
};

/** A query that would write is a bug, which PostgreSQL refuses here. */
const READ_ONLY = { ...STEADY_PLANS, default_transaction_read_only: 'on' };

function readConnections(statementMs: number): Partial<PoolOptions> {
  return {
    max: READ_POOL_SIZE,
    query_timeout: statementMs + ANSWER_MS,
    onConnect: (connection) => pinSession(connection, { ...TIMEOUTS, statementMs }, READ_ONLY),
  };
}

/** Creates the pools. The first statement opens the first connection. */
export function createDatabase({
  connectionString,
  instrument,
  poolSize = 10,
  readTimeoutMs = 5_000,
  silenceMs = 5_000,
  stopSilenceMs = 4_000,
}: DatabaseOptions): Database {
  let closing = false;
  // All connections break at once in an outage: only the first is logged, until a new one is open.
  let hasReportedLoss = false;
  const stopWatchdog = createStopWatchdog({
    isAnswering: (timeoutMs) => isAnswering(connectionString, timeoutMs),
    silenceMs: stopSilenceMs,
    onGivenUp() {
      closing = true;
      const message =
        'The database does not answer, so the process stops without it: ' +
        'the runs of unfinished calls are not released, but are taken over when their leases expire';
      instrument.emit('warn', 'database.given_up', message);
    },
  });

  function openPool(options: Partial<PoolOptions>): pg.Pool {
    const pool = new pg.Pool({
      ...CONNECTIONS,
      connectionString,
      stream: stopWatchdog.openSocket,
      ...options,
    });
    // A connection that breaks while it is in use, between two statements of a transaction, emits `error`. Without a
    // listener that would end the process. The user of the connection gets the error at the next statement.
    pool.on('connect', (connection) => {
      hasReportedLoss = false;
      connection.on('error', () => undefined);
    });
    pool.on('error', (error) => {
      if (!closing && !hasReportedLoss)
        instrument.emit('warn', 'database.connection_lost', 'An idle connection broke', { error });
      hasReportedLoss = true;
    });
    startDeadPeerWatchdog(pool, {
      silenceMs,
      probe: (pids, timeoutMs) => probeBackends(connectionString, pids, timeoutMs),
    });
    return pool;
  }

  const pool = openPool({ max: poolSize });
  const readConnectionPool = openPool(readConnections(readTimeoutMs));
  const readPool = reportCuts(readConnectionPool, readTimeoutMs, instrument);
  // Never closed when idle, because the first claim on a connection has to compile and plan the function.
  const claimPool = openPool({ max: 1, pipeline: true, idleTimeoutMillis: 0 });
  const claimSource = createClaimConnectionSource({
    pool: claimPool,
    isAnswering: () => isReachable({ pool }),
    instrument,
  });
  return {
    connectionString,
    pool,
    readPool,
    readPoolOf: shareByKey(readPool, READ_POOL_SIZE),
    claimConnection: createPipelinedConnection(claimSource.acquire),
    hasClaimConnection: claimSource.isAvailable,
    bell: createBell(pool, instrument),
    outages: createOutageReport(instrument, systemClock),
    instrument,
    expectStop: stopWatchdog.start,
    async close() {
      // `end` resolves before the last connection is closed. If a stopping PostgreSQL then closes it, that is not logged.
      closing = true;
      claimSource.stop();
      const ended = Promise.all([pool.end(), readConnectionPool.end(), claimPool.end()]);
      // A pool waits for the other end of a connection that it closes. A half-open connection has none, while the database answers.
      await withDeadline<unknown>(stopSilenceMs, ended, stopWatchdog.giveUp);
      await ended;
      stopWatchdog.end();
    },
  };
}

/** Connects once. @throws Error with PostgreSQL's or the network's own message. */
export async function checkConnection(connectionString: string, timeoutMs = 10_000): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: timeoutMs });
  // An error after the connection was opened does not matter, but without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    // Not awaited: the peer may not answer any more.
    client.end().catch(() => undefined);
  }
}

/** Whether PostgreSQL answers at all. A refusal, such as too many connections or still starting, is an answer. */
async function isAnswering(connectionString: string, timeoutMs: number): Promise<boolean> {
  try {
    await checkConnection(connectionString, timeoutMs);
    return true;
  } catch (error) {
    return error instanceof pg.DatabaseError;
  }
}

/** Whether the database answers within two seconds, which is as long as a readiness probe may take. */
export async function isReachable({ pool }: Pick<Database, 'pool'>): Promise<boolean> {
  try {
    await pool.query({ text: 'SELECT 1', query_timeout: 2_000 } as pg.QueryConfig);
    return true;
  } catch {
    return false;
  }
}

/** True if the server can work with the database, or else the reason for the operator. */
export async function isUsable(database: Database): Promise<true | string> {
  if (!(await isReachable(database))) return 'the database does not answer';
  const refusal = database.outages.reason();
  if (refusal !== null) return refusal;
  return (await database.hasClaimConnection()) || 'PostgreSQL has no connection for claims';
}

/** For each pool, counts the open connections, the idle ones among them, and the callers that wait for one. */
export function readPoolUse({ pool, readPool }: Database) {
  const useOf = ({ totalCount, idleCount, waitingCount }: pg.Pool) => ({
    total: totalCount,
    idle: idleCount,
    waiting: waitingCount,
  });
  return { main: useOf(pool), reads: useOf(readPool) };
}

/** The version text of the PostgreSQL server. */
export async function readServerVersion({ pool }: Database): Promise<string> {
  const { rows } = await pool.query<{ server_version: string }>('SHOW server_version');
  return rows[0]?.server_version ?? 'unknown';
}
