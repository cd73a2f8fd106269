import { backoffMs } from '../../kernel/backoff.js';
import { MAX_REVIEWER_FAILURES } from '../limits.js';

/** What follows when a reviewer gave no verdict. The task stays in REVIEW either way. */
export type ReviewerFailureDecision =
  | { readonly effect: 'retry'; readonly afterMs: number }
  /** A person is asked. */
  | { readonly effect: 'escalate' };

/** The longest rest between two tries, in milliseconds. */
const LONGEST_REST_MS = 300_000;

/**
 * Decides after the `failures`-th failure of the reviewer in a round. The fifth one asks for a person, and so does any that
 * waiting can't mend.
 * @param options.restMs - the rest after the first failure, doubled with each further one, at most 5 minutes.
 * @param options.random - spreads the rests: in [0, 1).
 */
export function decideReviewerFailure(
  failures: number,
  permanent: boolean,
  { restMs, random }: { readonly restMs: number; readonly random: number },
): ReviewerFailureDecision {
  if (permanent || failures >= MAX_REVIEWER_FAILURES) return { effect: 'escalate' };
  const afterMs = backoffMs({ attempt: failures, baseMs: restMs, maxMs: LONGEST_REST_MS, random });
  return { effect: 'retry', afterMs };
}

/** Says to people why a round was left to them. */
export function explainEscalation(reviewer: string, failures: number, error: string): string {
  const times = failures === 1 ? 'once' : `${failures} times`;
  return `${reviewer} gave no verdict: it failed ${times}, at last with: ${error} Somebody has to judge this round: submitVerdict.`;
}
