import { APIConnectionError, APIError } from 'openai';
import { cutError } from '../answer-text.js';
import type { GatewayAnswer } from '../gateway.js';
import type { ReportedError } from './error-body.js';
import { remedyOfCode } from './refusal-of-all.js';
import { readRetryAfter } from './retry-after.js';

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

/** Statuses of an endpoint that is too busy. With Retry-After they are limits. */
const OVERLOADED = new Set([503, 529]);

/** The type of the error of a llama.cpp server that still loads its model. */
const NOT_READY = 'unavailable_error';

/** Names of limits in errors without a status. */
const LIMIT = /^429$|rate.?limit|too.?many.?requests|resource.?exhausted/i;

function isPermanent(status: number): boolean {
  return status >= 400 && status < 500 && !TRANSIENT.has(status);
}

/** Turns an error that came under a good status into an outcome. */
export function explainReportedError({ message, code }: ReportedError, secret?: string): GatewayAnswer {
  const status = /^[1-5]\d\d$/.test(code ?? '') ? Number(code) : null;
  const error = cutError(status === null ? message : `${status} ${message}`, secret);
  const remedy = remedyOfCode(code);
  if (remedy !== null) return { outcome: 'BROKEN', error, remedy };
  if (LIMIT.test(code ?? '')) return { outcome: 'LIMITED', error, retryAfterMs: null };
  return { outcome: 'FAILED', error, permanent: status !== null && isPermanent(status) };
}

/** Turns the error of a failed request into an outcome. */
export function explainHttpFailure(error: unknown, secret?: string): GatewayAnswer {
  const { codes, messages } = chainOf(error);
  if (error instanceof APIError && error.status !== undefined) {
    const retryAfterMs = readRetryAfter(error.headers);
    const isLimit = error.status === 429 || (OVERLOADED.has(error.status) && retryAfterMs !== null);
    const words = cutError(error.message, secret);
    if (isLimit) return { outcome: 'LIMITED', error: words, retryAfterMs };
    if (error.type === NOT_READY) return { outcome: 'NOT_BEGUN', error: words, retryAfterMs: null };
    return { outcome: 'FAILED', error: words, permanent: isPermanent(error.status) };
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
