/** What the network and PostgreSQL say when the fault lies with neither the statement nor the data. */
const CODES = new Set([
  // The way there: broken, closed, or leading nowhere.
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN'],
  // PostgreSQL: stopped, crashed, starting, or thinking that this process sleeps in a transaction.
  ...['57P01', '57P02', '57P03', '57P05', '25P03'],
  // Too many connections, also by Prisma's name, and its words for all that stands above.
  ...['53300', 'P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2037'],
]);

/** The driver's own words, which have no code. */
const MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout|Server has closed the connection)/;

/** Deeper than any library wraps. */
const MAX_DEPTH = 5;

/**
 * Whether the error says that the database is away: nothing is wrong with what was asked, and the same may work soon.
 * If it broke off a commit, nobody knows whether that has happened.
 */
export function isOutage(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return false;
  const { code, severity, syscall, message, cause }: Told = error;
  // PostgreSQL says FATAL when it ends a connection or lets nobody in.
  if (severity === 'FATAL' || severity === 'PANIC') return true;
  // A socket that is not there; of a file the same word says nothing about the database.
  if (code === 'ENOENT' && syscall === 'connect') return true;
  if (typeof code === 'string' && (CODES.has(code) || code.startsWith('08'))) return true;
  if (typeof message === 'string' && MESSAGES.test(message)) return true;
  if (error instanceof AggregateError) return error.errors.some((one) => isOutage(one, depth + 1));
  return isOutage(cause, depth + 1);
}

/** Where errors of the network, the driver and Prisma say what they are. */
interface Told {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}
