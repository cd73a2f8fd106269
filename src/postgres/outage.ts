/** Error codes of the network and of PostgreSQL for which neither the statement nor the data is at fault. */
const CODES = new Set([
  // Network: connection refused, reset or timed out; host unreachable or unknown.
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN'],
  // PostgreSQL: stopped, crashed, starting, or an idle timeout that ended the session or the transaction.
  ...['57P01', '57P02', '57P03', '57P05', '25P03'],
  // 53300 too_many_connections, and Prisma's codes for the cases above.
  ...['53300', 'P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2037'],
]);

/** Errors that the driver raises without a code. */
const MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout|Server has closed the connection)/;

/** More levels of `cause` than any library nests. */
const MAX_DEPTH = 5;

/**
 * Whether the error means that the database is unavailable: the request is not at fault, and a retry may succeed. If a
 * COMMIT failed with it, the outcome of the transaction is unknown.
 */
export function isOutage(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return false;
  const { code, severity, syscall, message, cause, meta }: ErrorFacts = error;
  // PostgreSQL reports FATAL when it ends or refuses a connection.
  if (severity === 'FATAL' || severity === 'PANIC') return true;
  if (code === 'ENOENT' && isAboutConnecting(syscall, message)) return true;
  if (typeof code === 'string' && (CODES.has(code) || code.startsWith('08'))) return true;
  if (typeof message === 'string' && MESSAGES.test(message)) return true;
  if (error instanceof AggregateError) return error.errors.some((one) => isOutage(one, depth + 1));
  // Prisma's P2039 wraps an error of PostgreSQL for which Prisma has no code of its own.
  return isOutage(cause, depth + 1) || isOutage(meta?.driverAdapterError, depth + 1);
}

/** A missing Unix socket. For a file the same code says nothing about the database. Prisma keeps only the message. */
function isAboutConnecting(syscall: unknown, message: unknown): boolean {
  return syscall === 'connect' || (typeof message === 'string' && /^connect ENOENT /m.test(message));
}

/** The properties in which errors of the network, the driver and Prisma describe themselves. */
interface ErrorFacts {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown } | null;
}
