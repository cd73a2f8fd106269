import type { IncomingHttpHeaders } from 'node:http';
import { type HttpExchange, send } from './exchange.js';

/** Whether a browser's page is of this server or of an allowed origin. */
export function isAllowedOrigin({ origin, host }: IncomingHttpHeaders, allowed: readonly string[]): boolean {
  // Clients other than browsers send no origin.
  if (origin === undefined) return true;
  return isListed(origin, allowed) || isSameHost(origin, host);
}

/** The list is in lower case. Safari writes the ids of extensions in upper case. */
function isListed(origin: string, allowed: readonly string[]): boolean {
  return allowed.includes(origin.toLowerCase());
}

function isSameHost(origin: string, host: string | undefined): boolean {
  return /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** Those that the server reads, and those that tracing and client libraries add to every request. */
const allowedHeaders = [
  'authorization',
  'content-type',
  // Firefox and Safari let a page set it, and then ask.
  'user-agent',
  'last-event-id',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'apollographql-client-name',
  'apollographql-client-version',
  'graphql-client-name',
  'graphql-client-version',
  'x-query-cost',
  'x-graphql-yoga-csrf',
];

/** The CORS headers for an allowed origin. Other origins get none, so browsers refuse. */
export function corsHeaders(
  { origin }: IncomingHttpHeaders,
  allowed: readonly string[],
): Record<string, string> {
  if (allowed.length === 0) return {};
  if (origin === undefined || !isListed(origin, allowed)) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, ratelimit-tasks-limit, ratelimit-tasks-remaining, ratelimit-tasks-reset',
  };
}

/** Answers a preflight. `corsHeaders` have to be set on the exchange before. */
export function sendPreflight(exchange: HttpExchange): void {
  const isAllowed = 'access-control-allow-origin' in exchange.headers;
  send(exchange, 204, isAllowed ? preflightHeaders : {}, '');
}

/** Headers of the answer to a preflight of an allowed origin. Keys are sent in a header, so credentials are not allowed. */
const preflightHeaders = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': allowedHeaders.join(', '),
  'access-control-max-age': '86400',
};
