import { MAX_REVIEW_CYCLES } from '../limits.js';
import type { TaskStatus } from '../task-status.js';

export type Verdict = 'APPROVED' | 'REJECTED';

/** What a verdict does to its task. A superseded one does nothing. */
export type VerdictDecision =
  | { readonly effect: 'approve' }
  | { readonly effect: 'rework'; readonly cycles: number }
  | { readonly effect: 'fail'; readonly cycles: number }
  | { readonly effect: 'superseded' };

/**
 * Judges a verdict against the task as it is now. It counts only if the task is in REVIEW and in the round that the
 * verdict names; the third rejection fails the task.
 */
export function decideVerdict(
  task: { readonly status: TaskStatus; readonly reviewRound: number; readonly reviewCycles: number },
  verdict: Verdict,
  round: number,
): VerdictDecision {
  if (task.status !== 'REVIEW' || round !== task.reviewRound) return { effect: 'superseded' };
  if (verdict === 'APPROVED') return { effect: 'approve' };
  const cycles = task.reviewCycles + 1;
  return { effect: cycles >= MAX_REVIEW_CYCLES ? 'fail' : 'rework', cycles };
}

/** The feedback of all rejections in one text: the reason why the task failed. */
export function gatherFeedback(
  rejections: readonly { readonly round: number; readonly feedback: string | null }[],
): string {
  return rejections.map((each, index) => `Rejection ${index + 1}: ${each.feedback ?? ''}`).join('\n\n');
}
