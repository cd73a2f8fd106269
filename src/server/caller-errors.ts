import { GraphQLError, Kind } from 'graphql';
import { Unavailable } from '../kernel/unavailable.js';
import { type HttpHints, placesOf, recoded, refusedByGraphql } from './protocol-error.js';

/**
 * The error as the caller may see it, if it tells the caller something to act on; undefined for a fault. What resolvers
 * mean for the caller is a GraphQLError with a code.
 */
export function refusalIn(error: unknown): GraphQLError | undefined {
  const origin = originOf(error);
  if (origin instanceof Unavailable) return presentUnavailable(error, origin);
  if (!(error instanceof GraphQLError)) return undefined;
  if (typeof error.extensions.code === 'string') return withContractCode(error, error.extensions.code);
  if (isAboutVariables(error)) return recoded(error, 'BAD_USER_INPUT', refusedByGraphql);
  const isBadInput = isAboutArguments(error) || isNamed(origin, 'PothosValidationError');
  return isBadInput ? recoded(error, 'BAD_USER_INPUT') : undefined;
}

/** Field errors are wrapped, more than once where resolvers call each other: this is what was thrown first. */
export function originOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originOf(error.originalError) : error;
}

/** What codes say to proxies and client libraries that look no further than HTTP. */
const httpByCode = new Map<string, HttpHints>([
  ['UNAUTHENTICATED', { status: 401 }],
  ['RATE_LIMITED', { status: 429 }],
  ['UNAVAILABLE', { status: 503, headers: { 'retry-after': '1' } }],
]);

/** Yoga's own codes are not in the contract of the API. */
const yogaCodes = ['BAD_REQUEST', 'OPERATION_RESOLUTION_FAILURE'];

function withContractCode(error: GraphQLError, code: string): GraphQLError {
  if (yogaCodes.includes(code)) return recoded(error, 'BAD_USER_INPUT');
  const http = error.extensions.http ?? httpByCode.get(code);
  const extensions = http ? { ...error.extensions, http } : error.extensions;
  return new GraphQLError(error.message, { ...placesOf(error), extensions });
}

/** An error that says to ask again: answered with 503 and when. */
export function presentUnavailable(error: unknown, { message }: Unavailable): GraphQLError {
  const places = error instanceof GraphQLError ? placesOf(error) : {};
  return withContractCode(
    new GraphQLError(message, { ...places, extensions: { code: 'UNAVAILABLE' } }),
    'UNAVAILABLE',
  );
}

/** Before any field is resolved there is no path, and all that can fail is the coercion of variables. */
function isAboutVariables({ path, nodes }: GraphQLError): boolean {
  return path === undefined && nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION;
}

/**
 * graphql-js points at the argument or its value when it can't coerce it. When it can't serialise a result, which is a
 * fault although it is a GraphQLError as well, it points at the field.
 */
function isAboutArguments({ nodes, message }: GraphQLError): boolean {
  const kind = nodes?.[0]?.kind;
  const isArgument = kind !== undefined && kind !== Kind.FIELD && kind !== Kind.OPERATION_DEFINITION;
  return isArgument || /^Argument "\w+" of (required|non-null) type /.test(message);
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
