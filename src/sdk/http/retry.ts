import { QuotaExceededError } from '../errors/refusals.js';
import {
  ConnectionError,
  RateLimitedError,
  TimeoutError,
  UnavailableError,
} from '../errors/request-errors.js';
import { backoffMs, pause } from '../platform.js';
import { wasNeverSent } from './send.js';

/** How a client repeats requests that failed for a reason that passes. */
export interface RetryPolicy {
  /** How many times a request is repeated after its first attempt. 0 turns repeating off. */
  readonly retries: number;
  /** The longest pause between two attempts, in milliseconds. A server that asks for a longer one gets it. */
  readonly maxPauseMs: number;
}

/** The policy of a client that is given none: eight repeats within about a minute. */
export const defaultRetryPolicy: RetryPolicy = { retries: 8, maxPauseMs: 15_000 };

const FIRST_PAUSE_MS = 200;

/**
 * Repeats an attempt with backoff and jitter while its error is one that passes.
 *
 * @param isRepeatable - true if the request may be executed twice without doing anything twice. If not, it is repeated only when
 * the server cannot have executed it.
 */
export async function withRetries<Result>(
  attempt: () => Promise<Result>,
  options: {
    readonly policy: RetryPolicy;
    readonly isRepeatable: boolean;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Result> {
  const { policy, isRepeatable, signal } = options;
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (failures >= policy.retries || !mayRepeat(error, isRepeatable)) throw error;
      const backoff = backoffMs(failures, FIRST_PAUSE_MS, policy.maxPauseMs);
      await pause(Math.max(backoff, askedPauseMs(error)), signal);
    }
  }
}

function mayRepeat(error: unknown, isRepeatable: boolean): boolean {
  // A server that limits the rate has not executed the request.
  if (error instanceof RateLimitedError || wasNeverSent(error)) return true;
  return isRepeatable && mayPass(error);
}

/** How long the server asks to wait, in milliseconds; 0 if it does not ask. */
export function askedPauseMs(error: unknown): number {
  const asks =
    error instanceof RateLimitedError ||
    error instanceof UnavailableError ||
    error instanceof QuotaExceededError;
  return asks ? (error.retryAfterMs ?? 0) : 0;
}

/** True for a failure after which the same request may succeed: the server did not answer, or was too busy. */
export function mayPass(error: unknown): boolean {
  return (
    error instanceof UnavailableError ||
    error instanceof ConnectionError ||
    error instanceof TimeoutError ||
    error instanceof RateLimitedError
  );
}
