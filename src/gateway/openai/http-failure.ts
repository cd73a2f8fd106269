import { APIConnectionError, APIError } from 'openai';
import { cutError } from '../answer-text.js';
import type { GatewayAnswer } from '../gateway.js';

/** Errors before a connection was open, so the request was not sent. */
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

/** Statuses below 500 after which a retry may succeed: timeout, conflict, too early, too many requests. */
const TRANSIENT = new Set([408, 409, 425, 429]);

/** Turns the error of a failed request into an outcome. */
export function explainHttpFailure(error: unknown, secret?: string): GatewayAnswer {
  const { codes, messages } = chainOf(error);
  if (error instanceof APIError && error.status !== undefined) {
    const permanent = error.status < 500 && !TRANSIENT.has(error.status);
    return { outcome: 'FAILED', error: cutError(error.message, secret), permanent };
  }
  const reason = cutError(messages.join(': '), secret);
  if (error instanceof APIConnectionError && codes.some((code) => NOT_CONNECTED.has(code)))
    return { outcome: 'NOT_BEGUN', error: reason, retryAfterMs: null };
  return { outcome: 'FAILED', error: reason, permanent: false };
}

/** Collects the codes and messages of an error and its causes. A host with several addresses has several causes. */
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
