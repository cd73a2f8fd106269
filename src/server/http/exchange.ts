import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import { toResultResponse } from '../result-response.js';
import type { LazyAbort } from './lazy-abort.js';
import { chooseJsonType } from './media-type.js';

/** One HTTP request with its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Without the query string. */
  readonly path: string;
  /** Sent with whatever answer comes. */
  readonly headers: Record<string, string>;
  /** Aborted when the client goes away before it has its answer, and at the end of a stream. */
  readonly end: LazyAbort;
  /** Whose key came with the request, for the log. */
  keyId?: string;
  /** The path of the route that answers; absent where there is none. */
  route?: string;
  /** Set where the answer is a stream, whose length says nothing about the server. */
  isStream?: boolean;
}

/** Sends a whole body with the headers that every response carries. */
export function send(
  { request, response, headers: common }: Exchange,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void {
  if (response.headersSent || response.destroyed) return;
  // Encoded once: as a string its bytes would be counted here and made again by the socket.
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { ...common, ...headers, 'content-length': String(bytes.length) });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export function sendJson(exchange: Exchange, status: number, value: unknown): void {
  send(exchange, status, { 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(value));
}

/** Sends one error in the form of a GraphQL response, which clients of every path can read. */
export function sendError(exchange: Exchange, error: GraphQLError): void {
  const type = chooseJsonType(exchange.request.headers.accept) ?? 'application/json';
  const { status, headers, body } = toResultResponse({ errors: [error] }, type);
  send(exchange, status, headers, body);
}
