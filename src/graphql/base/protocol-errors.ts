import { GraphQLError } from 'graphql';

/** The request is invalid; nothing has changed. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** Refuses an argument with a mistake, if there is one. @throws BAD_USER_INPUT */
export function refuseMistake(mistake: string | null): void {
  if (mistake !== null) throw badUserInput(mistake);
}

/** The role of the key does not permit this, regardless of the object. */
export function forbidden(what: string): GraphQLError {
  return new GraphQLError(`This API key may not use ${what}.`, { extensions: { code: 'FORBIDDEN' } });
}

/** The query exceeds a limit for one request. */
export function queryTooComplex(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX' } });
}

/** The server is stopping, or something it depends on is unavailable. A retry may succeed. */
export function unavailable(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNAVAILABLE' } });
}
