import { backoffMs } from '../../kernel/backoff.js';
import { MAX_REVIEWER_FAILURES } from '../limits.js';

/** What follows when a reviewer gives no verdict. In both cases the task stays in REVIEW. */
export type ReviewerFailureDecision =
  | { readonly effect: 'retry'; readonly afterMs: number }
  /** A person must judge the round. */
  | { readonly effect: 'escalate' };

/** The longest backoff between two attempts, in milliseconds. */
const MAX_BACKOFF_MS = 300_000;

/**
 * Decides what follows the reviewer's failure number `failures` in a round. The fifth failure and every permanent
 * failure are escalated to a person.
 * @param options.restMs - the backoff after the first failure. It doubles with each further failure, up to 5 minutes.
 * @param options.random - the jitter, in [0, 1).
 */
export function decideReviewerFailure(
  failures: number,
  permanent: boolean,
  { restMs, random }: { readonly restMs: number; readonly random: number },
): ReviewerFailureDecision {
  if (permanent || failures >= MAX_REVIEWER_FAILURES) return { effect: 'escalate' };
  const afterMs = backoffMs({ attempt: failures, baseMs: restMs, maxMs: MAX_BACKOFF_MS, random });
  return { effect: 'retry', afterMs };
}

/** Explains to people why they must judge a round. */
export function explainEscalation(reviewer: string, failures: number, error: string): string {
  const times = failures === 1 ? 'once' : `${failures} times`;
  return `${reviewer} gave no verdict. It failed ${times}, and the last error was: ${error} A person must judge this round with submitVerdict.`;
}
