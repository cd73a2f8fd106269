import {
  BadRequestError,
  CursorExpiredError,
  type FailureFacts,
  ForbiddenError,
  QueryTooComplexError,
  RateLimitedError,
  RequestError,
  ServerFaultError,
  UnauthenticatedError,
  UnavailableError,
} from './request-errors.js';

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
