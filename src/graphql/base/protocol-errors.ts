import { GraphQLError } from 'graphql';

/** The request itself is wrong; nothing was looked up and nothing has changed. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** The key's role may not do this, whatever it is asked about. */
export function forbidden(what: string): GraphQLError {
  return new GraphQLError(`This API key may not use ${what}.`, { extensions: { code: 'FORBIDDEN' } });
}

/** The query asks for more than one request may. */
export function queryTooComplex(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX' } });
}

/** Not now: the server is stopping, or something it needs is away. Asking again may work. */
export function unavailable(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNAVAILABLE' } });
}
