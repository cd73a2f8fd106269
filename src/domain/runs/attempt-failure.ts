import { MAX_DISPATCH_ATTEMPTS } from '../limits.js';

/** What a failed attempt leads to. */
export type FailureDecision =
  | { readonly to: 'ASSIGNED'; readonly attempts: number }
  | {
      readonly to: 'FAILED';
      readonly attempts: number;
      readonly reason: 'DISPATCH_ATTEMPTS_EXHAUSTED' | 'FAILED_BY_AGENT' | 'FAILED_BY_OPERATOR';
    };

/**
 * Counts the attempt. Without `retry` the task ends at once, by the word of whoever said so; else at the fifth failure.
 * @param attemptsBefore failures since the last success.
 */
export function decideFailure(attemptsBefore: number, retry: boolean, byAgent: boolean): FailureDecision {
  const attempts = Math.min(attemptsBefore + 1, MAX_DISPATCH_ATTEMPTS);
  if (!retry) return { to: 'FAILED', attempts, reason: byAgent ? 'FAILED_BY_AGENT' : 'FAILED_BY_OPERATOR' };
  if (attempts >= MAX_DISPATCH_ATTEMPTS)
    return { to: 'FAILED', attempts, reason: 'DISPATCH_ATTEMPTS_EXHAUSTED' };
  return { to: 'ASSIGNED', attempts };
}
