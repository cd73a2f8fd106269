import { GraphQLError, Kind } from 'graphql';
import { Unavailable } from '../kernel/unavailable.js';
import { type HttpHints, placesOf, recoded, refusedByGraphql } from './protocol-error.js';

/**
 * Presents an error that the caller can act on; undefined for a fault. Resolvers throw a GraphQLError with a code for the
 * caller.
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

/** Finds the error that was thrown first. GraphQL wraps it, more than once if resolvers call each other. */
export function originOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originOf(error.originalError) : error;
}

/** HTTP statuses for codes that proxies and generic HTTP clients have to understand. */
const httpByCode = new Map<string, HttpHints>([
  ['UNAUTHENTICATED', { status: 401 }],
  ['RATE_LIMITED', { status: 429 }],
  ['UNAVAILABLE', { status: 503, headers: { 'retry-after': '1' } }],
]);

/** Codes of yoga that are not part of the API's contract. */
const yogaCodes = ['BAD_REQUEST', 'OPERATION_RESOLUTION_FAILURE'];

function withContractCode(error: GraphQLError, code: string): GraphQLError {
  if (yogaCodes.includes(code)) return recoded(error, 'BAD_USER_INPUT');
  const http = error.extensions.http ?? httpByCode.get(code);
  const extensions = http ? { ...error.extensions, http } : error.extensions;
  return new GraphQLError(error.message, { ...placesOf(error), extensions });
}

/** Presents an error after which the caller should retry: status 503 with Retry-After. */
export function presentUnavailable(error: unknown, { message }: Unavailable): GraphQLError {
  const places = error instanceof GraphQLError ? placesOf(error) : {};
  return withContractCode(
    new GraphQLError(message, { ...places, extensions: { code: 'UNAVAILABLE' } }),
    'UNAVAILABLE',
  );
}

/** An error without a path was raised before any field was resolved, so only the coercion of variables can have failed. */
function isAboutVariables({ path, nodes, message }: GraphQLError): boolean {
  if (path !== undefined) return false;
  return nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION || message.startsWith(tooManyVariableErrors);
}

/** After fifty wrong values graphql-js adds this error, which has no node. */
const tooManyVariableErrors = 'Too many errors processing variables';

/**
 * If graphql-js can't coerce an argument, the error points at the argument or its value. If it can't serialise a result, the
 * error points at the field: that is a GraphQLError too, but a fault.
 */
function isAboutArguments({ nodes, message }: GraphQLError): boolean {
  const kind = nodes?.[0]?.kind;
  const isArgument = kind !== undefined && kind !== Kind.FIELD && kind !== Kind.OPERATION_DEFINITION;
  return isArgument || /^Argument "\w+" of (required|non-null) type /.test(message);
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
