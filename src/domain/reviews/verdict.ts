import { MAX_REVIEW_CYCLES } from '../limits.js';
import type { TaskStatus } from '../tasks/task-status.js';

/** A reviewer's judgement of a task. */
export type Verdict = 'APPROVED' | 'REJECTED';

/** The effect of a verdict on its task. A superseded verdict has none. */
export type VerdictDecision =
  | { readonly effect: 'approve' }
  | { readonly effect: 'rework'; readonly cycles: number }
  | { readonly effect: 'fail'; readonly cycles: number }
  | { readonly effect: 'superseded' };

/**
 * Decides the effect of a verdict on the task in its current state. The verdict is superseded unless the task is in
 * REVIEW and in the verdict's round. The third rejection fails the task.
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

/** The feedback of all rejections in one text, as the reason for the task's failure. */
export function gatherFeedback(
  rejections: readonly { readonly round: number; readonly feedback: string | null }[],
): string {
  return rejections.map((each, index) => `Rejection ${index + 1}: ${each.feedback ?? ''}`).join('\n\n');
}
