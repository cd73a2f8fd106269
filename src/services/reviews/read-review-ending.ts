import { LIMITS } from '../../domain/limits.js';
import type { Verdict } from '../../domain/reviews/verdict.js';
import { parseVerdict } from '../../domain/reviews/verdict-text.js';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import { toStoredText } from '../../domain/stored-text.js';
import type { CallEnding } from '../dispatch/gateway-call.js';

/** The answer of a reviewer with its usage. */
interface Said {
  readonly output: string | null;
  readonly usage: TokenUsage | null;
  /** The model, if known. */
  readonly model: string | null;
}

/** The meaning of a call's end for the review round. */
export type ReviewEnding = Said &
  (
    | { readonly kind: 'verdict'; readonly verdict: Verdict; readonly feedback: string | null }
    /** The reviewer failed; the work was not judged. */
    | {
        readonly kind: 'failure';
        readonly outcome: 'FAILED' | 'TIMED_OUT';
        readonly error: string;
        readonly permanent: boolean;
      }
    /** The call never began, or this server stops. Does not count as a failure. */
    | {
        readonly kind: 'released';
        readonly error: string;
        /** How long the provider's limit lasts, or other work is tried first; null if the round need not rest. */
        readonly retryAfterMs: number | null;
        /** The gateway refused the call as it refuses every call. */
        readonly refused: boolean;
      }
  );

const NOTHING: Said = { output: null, usage: null, model: null };

/** Reads the verdict, or the reason for its absence, from the end of a call. All texts are safe to store. */
export function readReviewEnding(ending: CallEnding, gatewayName: string): ReviewEnding {
  switch (ending.outcome) {
    case 'ANSWERED':
      return readAnswer(ending);
    case 'FAILED':
      return fail('FAILED', ending.error, ending.permanent);
    case 'TIMED_OUT':
      return fail('TIMED_OUT', ending.error);
    case 'ABORTED':
      return fail('FAILED', `The gateway ${gatewayName} ended the call without an answer.`);
    case 'UNKNOWN':
      return fail(
        'FAILED',
        `The server that had asked the reviewer ended, and the gateway ${gatewayName} does not know the outcome.`,
      );
    case 'NOT_BEGUN':
      return release(ending.error);
    case 'BROKEN':
      return release(ending.error, ending.restMs, true);
    case 'LIMITED':
      return release(ending.error, ending.retryAfterMs);
    case 'RELEASED':
      return release(ending.reason);
    case 'LOST':
      return release('The server stopped before the reviewer had answered.');
  }
}

function readAnswer(answer: CallEnding & { readonly outcome: 'ANSWERED' }): ReviewEnding {
  const { usage, model } = answer;
  const said = { output: toStoredText(answer.text, LIMITS.resolutionLength), usage, model };
  const read = parseVerdict(answer.text);
  if (read !== null) {
    const feedback = read.feedback === null ? null : toStoredText(read.feedback, LIMITS.feedbackLength);
    return { ...said, kind: 'verdict', verdict: read.verdict, feedback };
  }
  const error =
    answer.text.trim() === ''
      ? 'The answer was empty.'
      : 'The answer has no line with a verdict that can be read, or rejects without a reason.';
  return { ...said, kind: 'failure', outcome: 'FAILED', error, permanent: false };
}

function release(error: string, retryAfterMs: number | null = null, refused = false): ReviewEnding {
  const kept = toStoredText(error, LIMITS.errorLength);
  return { ...NOTHING, kind: 'released', error: kept, retryAfterMs, refused };
}

function fail(outcome: 'FAILED' | 'TIMED_OUT', error: string, permanent = false): ReviewEnding {
  return { ...NOTHING, kind: 'failure', outcome, permanent, error: toStoredText(error, LIMITS.errorLength) };
}
