import { GraphQLError } from 'graphql';

/** The codes of top-level errors that this room gives; resolvers add theirs. */
export type ProtocolErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'BAD_USER_INPUT'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'QUERY_TOO_COMPLEX'
  | 'INTERNAL_SERVER_ERROR'
  | 'UNAVAILABLE'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE';

export interface HttpHints {
  readonly status: number;
  readonly headers?: Record<string, string>;
  /**
   * The request was well-formed GraphQL over HTTP and GraphQL itself refused it: answered with `status` as
   * `application/graphql-response+json` and with 200 as `application/json`.
   */
  readonly spec?: boolean;
}

/** How GraphQL over HTTP answers a document or variables that it refuses. */
export const refusedByGraphql: HttpHints = { status: 400, spec: true };

/** An error of the protocol, ready to be sent: its message and code are for the caller. */
export function protocolError(code: ProtocolErrorCode, message: string, http?: HttpHints): GraphQLError {
  return new GraphQLError(message, { extensions: http ? { code, http } : { code } });
}

/** The same error, pointing at the same places, under a code. What it was made from is left behind. */
export function recoded(error: GraphQLError, code: ProtocolErrorCode, http?: HttpHints): GraphQLError {
  return new GraphQLError(shortened(error.message), {
    ...placesOf(error),
    extensions: http ? { ...error.extensions, code, http } : { ...error.extensions, code },
  });
}

/** graphql-js quotes a variable that it refuses however long that is; what is wrong with it may stand behind. */
function shortened(message: string): string {
  return message.length <= 2_000 ? message : `${message.slice(0, 500)} … ${message.slice(-500)}`;
}

/** Where an error points: the same options for another error at the same places. */
export function placesOf({ nodes, source, positions, path }: GraphQLError) {
  return { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, path: path ?? null };
}
