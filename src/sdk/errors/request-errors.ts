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
