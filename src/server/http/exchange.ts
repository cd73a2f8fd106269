import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import { toResultResponse } from '../result-response.js';
import type { Delivery } from './delivery.js';
import type { LazyAbort } from './lazy-abort.js';
import { chooseJsonType } from './media-type.js';

/** One HTTP request with its response. */
export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** The path without the query string. */
  readonly path: string;
  readonly delivery: Delivery;
  /** Headers of every answer. */
  readonly headers: Record<string, string>;
  /** Aborted when the client disconnects before it has its answer, and at the end of a stream. */
  readonly end: LazyAbort;
  /** The API key of the request, for the log. */
  keyId?: string;
  /** The path of the route that answers; absent if there is none. */
  route?: string;
  /** True if the answer is a stream: its duration says nothing about the server's speed. */
  isStream?: boolean;
}

/**
 * Sends a complete response with the common headers.
 *
 * @param body - a text of this answer, or a buffer that several answers share.
 */
export function send(
  { request, response, headers: all, delivery }: HttpExchange,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void {
  if (response.headersSent || response.destroyed) return;
  // Encoded once: a string would be encoded here to count its bytes, and again by the socket.
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  // Not copied, because an exchange has one answer.
  Object.assign(all, headers);
  all['content-length'] = String(bytes.length);
  response.writeHead(status, all);
  if (request.method === 'HEAD') response.end();
  else delivery.end(response, bytes, bytes === body);
}

/** Sends a value as JSON. */
export function sendJson(exchange: HttpExchange, status: number, value: unknown): void {
  send(exchange, status, { 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(value));
}

/** Sends an error in the form of a GraphQL response, on every path. */
export function sendError(exchange: HttpExchange, error: GraphQLError): void {
  const type = chooseJsonType(exchange.request.headers.accept) ?? 'application/json';
  const { status, headers, body } = toResultResponse({ errors: [error] }, type);
  send(exchange, status, headers, body);
}
