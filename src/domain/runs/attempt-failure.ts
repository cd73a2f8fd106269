import { MAX_DISPATCH_ATTEMPTS } from '../limits.js';

/** The effect of a failed attempt on its task. */
export type FailureDecision =
  | { readonly to: 'back'; readonly attempts: number }
  | {
      readonly to: 'FAILED';
      readonly attempts: number;
      readonly reason: 'DISPATCH_ATTEMPTS_EXHAUSTED' | 'FAILED_BY_AGENT' | 'FAILED_BY_OPERATOR';
    };

/**
 * Counts a failed attempt and decides its effect. Without `retry` the task fails at once. With it, the fifth failed
 * attempt fails the task.
 * @param attemptsBefore - failed attempts since the last success.
 * @param byAgent - whether an agent, and not an operator, reported the failure.
 */
export function decideFailure(attemptsBefore: number, retry: boolean, byAgent: boolean): FailureDecision {
  const attempts = Math.min(attemptsBefore + 1, MAX_DISPATCH_ATTEMPTS);
  if (!retry) return { to: 'FAILED', attempts, reason: byAgent ? 'FAILED_BY_AGENT' : 'FAILED_BY_OPERATOR' };
  if (attempts >= MAX_DISPATCH_ATTEMPTS)
    return { to: 'FAILED', attempts, reason: 'DISPATCH_ATTEMPTS_EXHAUSTED' };
  return { to: 'back', attempts };
}
