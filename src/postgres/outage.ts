import { StatementCut } from '../kernel/statement-cut.js';

/** Why the database can't serve, and what an operator does about it. */
export interface Outage {
  readonly kind: 'lost' | 'starting' | 'disk' | 'memory' | 'files' | 'readOnly' | 'connections' | 'timeout';
  readonly reason: string;
  readonly remedy: string;
}

const LOST: Outage = {
  kind: 'lost',
  reason: 'the database does not answer',
  remedy: 'look at PostgreSQL, or at the network',
};
const STARTING: Outage = {
  kind: 'starting',
  reason: 'PostgreSQL is starting, stopping or recovering',
  remedy: 'wait until it accepts connections; its own log tells how far it is',
};
const DISK: Outage = {
  kind: 'disk',
  reason: "PostgreSQL's disk is full",
  remedy: "free space on the disk of PostgreSQL's data folder",
};
const MEMORY: Outage = {
  kind: 'memory',
  reason: 'PostgreSQL has no memory left',
  remedy: 'give its machine more memory, or lower work_mem or max_connections',
};
const CONNECTIONS: Outage = {
  kind: 'connections',
  reason: 'PostgreSQL has no connection left',
  remedy: 'end other connections, or raise max_connections or the limit of the role or database',
};
const FILES: Outage = {
  kind: 'files',
  reason: 'PostgreSQL can not read or write its files',
  remedy: "look at PostgreSQL's log, at its disk and at the rights on its data folder",
};
const READ_ONLY: Outage = {
  kind: 'readOnly',
  reason: 'PostgreSQL only accepts reads',
  remedy:
    'after a failover, let DATABASE_URL lead to the primary; otherwise unset default_transaction_read_only',
};
const TIMEOUT: Outage = {
  kind: 'timeout',
  reason: 'PostgreSQL took too long for a statement and ended it',
  remedy: 'look for locks and slow statements in pg_stat_activity, or for a machine without capacity',
};

/** Codes of PostgreSQL for which neither the statement nor the data is at fault. A class is a code's first two characters. */
const BY_CODE: Readonly<Record<string, Outage>> = {
  '57P01': STARTING,
  '57P02': STARTING,
  '57P03': STARTING,
  // The database was dropped, or a timeout ended the session or the transaction.
  ...{ '57P04': LOST, '57P05': LOST, '25P03': LOST, '25P04': LOST },
  ...{
    '53100': DISK,
    '53200': MEMORY,
    '53300': CONNECTIONS,
    P2037: CONNECTIONS,
    '25006': READ_ONLY,
    '57014': TIMEOUT,
  },
};
const BY_CLASS: Readonly<Record<string, Outage>> = { '08': LOST, '53': MEMORY, '58': FILES };

/** Codes of the network, and Prisma's codes for a connection that can't be opened or breaks. */
const LOST_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN'],
  ...['ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'ENOTCONN', 'ESHUTDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'],
  ...['P1000', 'P1001', 'P1002', 'P1003', 'P1008', 'P1010', 'P1011', 'P1017', 'P2024'],
]);

/**
 * Errors that the driver raises without a code. Prisma keeps the driver's message as one line of its own. A pool is used after
 * its end by a request that a stop does not wait for, because its client has gone.
 */
const MESSAGES =
  /^(Connection terminated|Cannot use a pool after calling end|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout|Server has closed the connection|The server does not support SSL connections|connect ENOENT )/m;

/** A statement on a connection that only reads would write. There the refusal is a bug of this server and no outage. */
export class ReadWrote extends Error {
  override readonly name = 'ReadWrote';
}

/** More levels of `cause` than any library nests. */
const MAX_DEPTH = 8;

/**
 * Whether the error means that the database is unavailable: the request is not at fault, and a retry may succeed. If a
 * COMMIT failed with it, the outcome of the transaction is unknown.
 */
export function isOutage(error: unknown): boolean {
  return findOutage(error) !== null;
}

/** Whether PostgreSQL has refused a statement and rolled it back, on a connection that still works. */
export function isStatementError(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR' && !isOutage(error);
}

/** The outage that an error means, or that one of its causes means; null for every other error. */
export function findOutage(error: unknown, depth = 0): Outage | null {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return null;
  // The caller asked for too much, and is told so.
  if (error instanceof StatementCut || error instanceof ReadWrote) return null;
  const own = readOutage(error);
  if (own !== null) return own;
  const { cause, meta }: ErrorFacts = error;
  const causes = [cause, driverErrorIn(meta), ...(error instanceof AggregateError ? error.errors : [])];
  for (const each of causes) {
    const found = findOutage(each, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

function readOutage({ code, originalCode, severity, syscall, message }: ErrorFacts): Outage | null {
  const known = readCode(code) ?? readCode(originalCode);
  if (known !== null) return known;
  // PostgreSQL reports FATAL when it ends or refuses a connection.
  if (severity === 'FATAL' || severity === 'PANIC') return LOST;
  // Such as a missing Unix socket, or no file descriptor. For a file the same codes say nothing about the database.
  if (syscall === 'connect') return LOST;
  return typeof message === 'string' && MESSAGES.test(message) ? LOST : null;
}

function readCode(code: unknown): Outage | null {
  if (typeof code !== 'string') return null;
  if (LOST_CODES.has(code)) return LOST;
  const group = /^[0-9A-Z]{5}$/.test(code) ? code.slice(0, 2) : '';
  return BY_CODE[code] ?? BY_CLASS[group] ?? null;
}

/** Prisma wraps an error of PostgreSQL that it does not know as P2039, with the driver's error in `meta`. */
function driverErrorIn(meta: unknown): unknown {
  if (typeof meta !== 'object' || meta === null || !('driverAdapterError' in meta)) return undefined;
  return meta.driverAdapterError;
}

/** The properties in which errors of the network, the driver and Prisma describe themselves. */
interface ErrorFacts {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly severity?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly meta?: unknown;
  readonly cause?: unknown;
}
