import { APIConnectionError, APIError } from 'openai';
import { cutError } from '../answer-text.js';
import type { GatewayAnswer } from '../gateway.js';

/** With these the request has not left this machine. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Statuses of the caller's mistakes that time may mend all the same: timeout, conflict, too early, too many requests. */
const PASSING = new Set([408, 409, 425, 429]);

/** What a request that has thrown comes to. */
export function explainHttpFailure(error: unknown, secret?: string): GatewayAnswer {
  const { codes, messages } = chainOf(error);
  if (error instanceof APIError && error.status !== undefined) {
    const permanent = error.status < 500 && !PASSING.has(error.status);
    return { outcome: 'FAILED', error: cutError(error.message, secret), permanent };
  }
  const reason = cutError(messages.join(': '), secret);
  if (error instanceof APIConnectionError && codes.some((code) => NOT_CONNECTED.has(code)))
    return { outcome: 'NOT_BEGUN', error: reason, retryAfterMs: null };
  return { outcome: 'FAILED', error: reason, permanent: false };
}

/** An error and its causes; a host with several addresses has several causes in one. */
function chainOf(error: unknown): { readonly codes: string[]; readonly messages: string[] } {
  const codes: string[] = [];
  const messages: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    for (const one of each instanceof AggregateError ? [each, ...each.errors] : [each])
      if (typeof one.code === 'string') codes.push(one.code);
    const message = each.message.replace(/\.$/, '') || codes.at(-1);
    if (message) messages.push(message);
  }
  return { codes, messages: [...new Set(messages)] };
}
