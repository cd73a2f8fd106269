import {
  ClaimNextReviewDocument,
  SubmitVerdictDocument,
  type SubmitVerdictInput,
} from '../src/generated/operations.js';
import { findFault } from './checks.js';
import type { Client } from './client.js';
import { isAssignment } from './skills.js';

/**
 * Judges all tasks that wait for a verdict. The example follows the events, so it claims after each completion instead of
 * waiting with `waitSeconds`. A round that was claimed but not judged, as after a crash, is returned first.
 */
export async function judgeAll(client: Client): Promise<void> {
  for (let claimed = await claim(client); claimed.task; claimed = await claim(client)) {
    const { task, round } = claimed;
    if (!isAssignment(task.metadata))
      throw new Error(`${task.ref} waits for a verdict, but is not a task of the example.`);
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

/** Names the round, so that a late verdict can't apply to work that the reviewer has not seen. */
async function submit(client: Client, verdict: Omit<SubmitVerdictInput, 'task'> & { task: { id: string } }) {
  const idempotencyKey = `verdict ${verdict.task.id} ${verdict.round}`;
  await client.ask(SubmitVerdictDocument, { input: { ...verdict, idempotencyKey } });
}
