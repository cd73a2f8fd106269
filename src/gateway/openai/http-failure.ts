import { APIConnectionError, APIError } from 'openai';
import { readRetryAfter } from '../../kernel/retry-after.js';
import { cutError } from '../answer-text.js';
import type { GatewayAnswer } from '../gateway.js';
import type { ReportedError } from './error-body.js';
import { chainOf, type ErrorChain } from './error-chain.js';
import { remedyOfCode } from './refusal-of-all.js';

/** System calls that open a connection. If one of them fails, the request was not sent. */
const CONNECTING = new Set(['getaddrinfo', 'connect']);

const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';

/** Node's words for a connection that ends while TLS is agreed on. */
const BEFORE_TLS = /before secure TLS connection/i;

/** Statuses of Cloudflare's for an endpoint that it could not connect to. */
const NOT_REACHED_BY_PROXY = new Set([521, 523, 525, 526, 530]);

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

function isBeforeRequest({ codes, messages, calls }: ErrorChain): boolean {
  if (codes.includes(CONNECT_TIMEOUT) || calls.some((call) => CONNECTING.has(call))) return true;
  return messages.some((message) => BEFORE_TLS.test(message));
}

/** Turns the error of a failed request into an outcome. */
export function explainHttpFailure(error: unknown, secret?: string): GatewayAnswer {
  const chain = chainOf(error);
  if (error instanceof APIError && error.status !== undefined) {
    const retryAfterMs = readRetryAfter((name) => error.headers?.get(name));
    const isLimit = error.status === 429 || (OVERLOADED.has(error.status) && retryAfterMs !== null);
    const words = cutError(error.message, secret);
    if (isLimit) return { outcome: 'LIMITED', error: words, retryAfterMs };
    if (error.type === NOT_READY || NOT_REACHED_BY_PROXY.has(error.status))
      return { outcome: 'NOT_BEGUN', error: words, retryAfterMs: null };
    return { outcome: 'FAILED', error: words, permanent: isPermanent(error.status) };
  }
  const reason = cutError(chain.messages.join(': '), secret);
  if (error instanceof APIConnectionError && isBeforeRequest(chain))
    return { outcome: 'NOT_BEGUN', error: reason, retryAfterMs: null };
  return { outcome: 'FAILED', error: reason, permanent: false };
}
