import {
  ClaimNextReviewDocument,
  SubmitVerdictDocument,
  type SubmitVerdictInput,
} from '../src/generated/operations.js';
import { findFault } from './checks.js';
import type { Client } from './client.js';
import { isAssignment } from './skills.js';

/**
 * Judges everything that waits for a verdict. The example follows the events anyway, so it asks whenever work was handed in
 * instead of waiting (`waitSeconds`). A round that was claimed and not judged, as after a crash, is handed out first.
 */
export async function judgeAll(client: Client): Promise<void> {
  for (let claimed = await claim(client); claimed.task; claimed = await claim(client)) {
    const { task, round } = claimed;
    if (!isAssignment(task.metadata))
      throw new Error(`${task.ref} waits for a verdict and is none of the example's tasks.`);
    const feedback = await findFault(task.metadata, task.resolution ?? '');
    await submit(client, {
      task: { id: task.id },
      round,
      verdict: feedback === null ? 'APPROVED' : 'REJECTED',
      feedback,
    });
  }
}

async function claim(client: Client) {
  const { claimNextReview } = await client.ask(ClaimNextReviewDocument, { input: { lease: 'PT1M' } });
  return claimNextReview;
}

/** The round is named, so that a verdict that comes late judges nothing it has not seen. */
async function submit(client: Client, verdict: Omit<SubmitVerdictInput, 'task'> & { task: { id: string } }) {
  const idempotencyKey = `verdict ${verdict.task.id} ${verdict.round}`;
  await client.ask(SubmitVerdictDocument, { input: { ...verdict, idempotencyKey } });
}
