import type { IncomingHttpHeaders } from 'node:http';
import { type Exchange, send } from './exchange.js';

/** Whether a browser may be let through: its page is of this server or of an origin that was allowed. */
export function isAllowedOrigin({ origin, host }: IncomingHttpHeaders, allowed: readonly string[]): boolean {
  // No browser, which sends none.
  if (origin === undefined) return true;
  return allowed.includes(origin) || isSameHost(origin, host);
}

function isSameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** The CORS headers for an allowed origin of another host; none for everybody else, so that browsers refuse. */
export function corsHeaders(
  { origin }: IncomingHttpHeaders,
  allowed: readonly string[],
): Record<string, string> {
  if (allowed.length === 0) return {};
  if (origin === undefined || !allowed.includes(origin)) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'x-request-id, retry-after',
  };
}

/** Answers a preflight, after `corsHeaders` are on the exchange. */
export function sendPreflight(exchange: Exchange): void {
  const isAllowed = 'access-control-allow-origin' in exchange.headers;
  send(exchange, 204, isAllowed ? preflightHeaders : {}, '');
}

/** What an allowed origin is told in answer to its preflight. Keys travel in a header, so credentials stay off. */
const preflightHeaders = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers':
    'authorization, content-type, x-graphql-yoga-csrf, x-request-id, last-event-id',
  'access-control-max-age': '86400',
};
