import { GraphQLError } from 'graphql';

/** The codes of top-level errors that the server itself raises. Resolvers add others. */
export const PROTOCOL_ERROR_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'QUERY_TOO_COMPLEX',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'INTERNAL_SERVER_ERROR',
  'UNAVAILABLE',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
] as const;

export type ProtocolErrorCode = (typeof PROTOCOL_ERROR_CODES)[number];

/** How an error affects the HTTP response. */
export interface HttpHints {
  readonly status: number;
  readonly headers?: Record<string, string>;
  /**
   * True if the request was well-formed GraphQL over HTTP and GraphQL refused it. Then `status` applies to
   * `application/graphql-response+json`, and `application/json` is answered with 200.
   */
  readonly spec?: boolean;
}

/** The HTTP answer to a document or variables that GraphQL refuses. */
export const refusedByGraphql: HttpHints = { status: 400, spec: true };

/** Creates an error whose message and code are for the caller. */
export function protocolError(code: ProtocolErrorCode, message: string, http?: HttpHints): GraphQLError {
  return new GraphQLError(message, { extensions: http ? { code, http } : { code } });
}

/** Copies an error, with its locations but without its cause, under another code. */
export function recoded(error: GraphQLError, code: ProtocolErrorCode, http?: HttpHints): GraphQLError {
  return new GraphQLError(shortened(error.message), {
    ...placesOf(error),
    extensions: http ? { ...error.extensions, code, http } : { ...error.extensions, code },
  });
}

/** graphql-js quotes a refused variable in full. The reason may come after the quote, so both ends are kept. */
function shortened(message: string): string {
  return message.length <= 2_000 ? message : `${message.slice(0, 500)} … ${message.slice(-500)}`;
}

/** The locations of an error, as options for another error. */
export function placesOf({ nodes, source, positions, path }: GraphQLError) {
  return { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, path: path ?? null };
}
