import { buildReviewPrompt } from '../../domain/reviews/review-prompt.js';
import type { Transaction } from '../../postgres/transaction.js';
import { listRejections } from '../../store/reviews/reviews.js';
import type { TaskRow } from '../../store/tasks/tasks.js';

/** Builds the review prompt of a task in REVIEW, with the feedback of all rejections since its creation or last retry. */
export async function promptForReview(tx: Transaction, task: TaskRow): Promise<string> {
  const rejections = await listRejections(tx, task.id, task.reviewCycles);
  return toReviewPrompt(
    task,
    rejections.map(({ feedback }) => feedback),
  );
}

/** The review prompt of a task in REVIEW. @param feedback - that of the rejections, oldest first. */
export function toReviewPrompt(task: TaskRow, feedback: readonly (string | null)[]): string {
  return buildReviewPrompt({
    ref: `TASK-${task.number}`,
    title: task.title,
    description: task.description,
    resolution: task.resolution ?? '',
    round: task.reviewRound,
    earlierFeedback: feedback.map((each) => each ?? ''),
  });
}
