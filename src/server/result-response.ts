import type { ExecutionResult, FormattedExecutionResult, GraphQLError } from 'graphql';
import type { JsonType } from './http/media-type.js';

export interface ResultResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/**
 * Turns a single result into an HTTP response as GraphQL over HTTP specifies. The status is the highest one that its errors
 * ask for, or else 200. As application/json, a refusal by GraphQL itself is a 200. Yoga's result processor has the same rules.
 */
export function toResultResponse(result: ExecutionResult, type: JsonType): ResultResponse {
  const headers: Record<string, string> = { 'content-type': `${type}; charset=utf-8` };
  if (!result.errors) return { status: 200, headers, body: JSON.stringify(result) };
  for (const error of result.errors) Object.assign(headers, error.extensions.http?.headers);
  const errors = result.errors.map(withoutHttpHints);
  return {
    status: statusOf(result, result.errors, type),
    headers,
    body: JSON.stringify({ ...result, errors }),
  };
}

function statusOf(result: ExecutionResult, errors: readonly GraphQLError[], type: JsonType): number {
  const statuses = errors.flatMap(({ extensions: { http } }) =>
    http?.status && !(http.spec && type === 'application/json') ? [http.status] : [],
  );
  if (statuses.length > 0) return Math.max(...statuses);
  return errors.some(({ extensions }) => extensions.unexpected) && !('data' in result) ? 500 : 200;
}

/** A result of graphql-js or of graphql-ws, whose members may also be undefined. */
export interface AnyResult {
  readonly errors?: readonly GraphQLError[] | undefined;
  readonly data?: Record<string, unknown> | null | undefined;
  readonly extensions?: Record<string, unknown> | undefined;
}

/** A result as it is sent over a WebSocket or in a stream, without an HTTP status. */
export function toSentResult({ errors, data, extensions }: AnyResult): FormattedExecutionResult {
  return {
    ...(errors ? { errors: errors.map(withoutHttpHints) } : {}),
    ...(data === undefined ? {} : { data }),
    ...(extensions ? { extensions } : {}),
  };
}

/** An error as it is sent: message, locations and extensions, without the extensions for the transport. */
export function withoutHttpHints(error: GraphQLError) {
  const { extensions, ...rest } = error.toJSON();
  const { http: _http, unexpected: _unexpected, ...shown } = extensions ?? {};
  return Object.keys(shown).length > 0 ? { ...rest, extensions: shown } : rest;
}
