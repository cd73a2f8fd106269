import { VERSION } from '../version.js';
import { MissionControlError } from './base.js';

/** An error of GraphQL's answer, as far as this package reads it. */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string; readonly requestId?: string };
}

/** What is known of an answer that is an error. */
export interface FailureFacts {
  readonly errors: readonly AnswerError[];
  /** The HTTP status; null over a WebSocket. */
  readonly status: number | null;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** The request as a whole, or a field of it, was answered with an error. */
export class RequestError extends MissionControlError {
  /** Every error of the answer; the first one gives `code` and `message`. */
  readonly errors: readonly AnswerError[];
  /** The HTTP status of the answer; null over a WebSocket. */
  readonly status: number | null;

  constructor({ errors, status }: FailureFacts) {
    const [first] = errors;
    super(first?.extensions?.code ?? 'UNKNOWN', first?.message ?? `The server answered with HTTP ${status}.`);
    this.errors = errors;
    this.status = status;
  }
}

/** No API key was sent, or it is unknown, expired or revoked. */
export class UnauthenticatedError extends RequestError {}

/** The role of the key does not allow this. */
export class ForbiddenError extends RequestError {}

/** Too many requests: try again later. */
export class RateLimitedError extends RequestError {
  /** How long to wait, in milliseconds, if the server has sent it. */
  readonly retryAfterMs: number | null;

  constructor(facts: FailureFacts) {
    super(facts);
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** The server is stopping, its database does not answer, or a proxy cannot reach it: try again soon. */
export class UnavailableError extends RequestError {
  /** How long to wait, in milliseconds, if the server has sent it. */
  readonly retryAfterMs: number | null;

  constructor(facts: FailureFacts) {
    super(facts);
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** The document, a variable or an argument is not acceptable. */
export class BadRequestError extends RequestError {}

/** The query asks for more than one request may. */
export class QueryTooComplexError extends RequestError {}

/** A fault of the server. */
export class ServerFaultError extends RequestError {
  /** The id under which the server has logged the fault, if it has sent it. */
  readonly requestId: string | null;

  constructor(facts: FailureFacts) {
    super(facts);
    this.requestId = facts.errors[0]?.extensions?.requestId ?? null;
  }
}

/** The events after the cursor were pruned: read the current state, then follow without a cursor. */
export class CursorExpiredError extends RequestError {}

/** The server cannot be reached, or the connection broke. Whether it has executed the request is unknown. */
export class ConnectionError extends MissionControlError {
  constructor(message: string, options?: ErrorOptions) {
    super('CONNECTION', message, options);
  }
}

/** The server did not answer in time. Whether it has executed the request is unknown. */
export class TimeoutError extends MissionControlError {
  constructor(message: string, options?: ErrorOptions) {
    super('TIMEOUT', message, options);
  }
}

/** What answers at the address is not a Mission Control server, redirects to another address, or does not use TLS. */
export class WrongAddressError extends MissionControlError {
  constructor(message: string, options?: ErrorOptions) {
    super('WRONG_ADDRESS', message, options);
  }
}

/** The server does not know an operation of this package: it is older than the package needs. */
export class ServerTooOldError extends MissionControlError {
  constructor(message: string, options?: ErrorOptions) {
    super('SERVER_TOO_OLD', message, options);
  }
}

/**
 * The package's own documents are valid for the schema of its version, so a server that refuses one is older. Other errors
 * are returned as they are.
 */
export function toTooOld(error: unknown): unknown {
  if (!(error instanceof BadRequestError && error.code === 'GRAPHQL_VALIDATION_FAILED')) return error;
  return new ServerTooOldError(
    `The server is older than version ${VERSION} of this package needs: ${error.message} Update the server, or use an older version of the package.`,
    { cause: error },
  );
}

const classes: Readonly<Record<string, new (facts: FailureFacts) => RequestError>> = {
  UNAUTHENTICATED: UnauthenticatedError,
  FORBIDDEN: ForbiddenError,
  RATE_LIMITED: RateLimitedError,
  UNAVAILABLE: UnavailableError,
  BAD_USER_INPUT: BadRequestError,
  GRAPHQL_PARSE_FAILED: BadRequestError,
  GRAPHQL_VALIDATION_FAILED: BadRequestError,
  PAYLOAD_TOO_LARGE: BadRequestError,
  QUERY_TOO_COMPLEX: QueryTooComplexError,
  INTERNAL_SERVER_ERROR: ServerFaultError,
  CURSOR_EXPIRED: CursorExpiredError,
};

/** Classes for answers of proxies, which know no codes of ours. */
const classesOfStatus: Readonly<Record<number, new (facts: FailureFacts) => RequestError>> = {
  401: UnauthenticatedError,
  403: ForbiddenError,
  // The request did not arrive completely in time.
  408: UnavailableError,
  429: RateLimitedError,
};

/** A server error without a code comes from a proxy that has no answer of the server. */
function classOfStatus(status: number | null): new (facts: FailureFacts) => RequestError {
  const Kind = classesOfStatus[status ?? 0] ?? RequestError;
  return status !== null && status >= 500 ? UnavailableError : Kind;
}

/** The error of an answer that is not data. */
export function toRequestError(facts: FailureFacts): RequestError {
  const code = facts.errors[0]?.extensions?.code;
  const Kind = code === undefined ? classOfStatus(facts.status) : (classes[code] ?? RequestError);
  return new Kind(facts);
}
