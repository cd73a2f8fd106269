import { findFault } from './checks.js';
import type { Client } from './client.js';
import { isAssignment } from './skills.js';

interface Round {
  readonly round: number | null;
  readonly task: {
    readonly id: string;
    readonly ref: string;
    readonly metadata: object;
    readonly resolution: string;
  } | null;
}

/**
 * Judges everything that waits for a verdict. There is no long poll for reviews: call this whenever work was handed in.
 * A round that was claimed and not judged, as after a crash, is handed out first.
 */
export async function judgeAll(client: Client): Promise<void> {
  for (let claimed = await claim(client); claimed.task; claimed = await claim(client)) {
    const { task, round } = claimed;
    if (!isAssignment(task.metadata))
      throw new Error(`${task.ref} waits for a verdict and is none of the example's tasks.`);
    const feedback = await findFault(task.metadata, task.resolution);
    await submit(client, {
      task: { id: task.id },
      round,
      verdict: feedback === null ? 'APPROVED' : 'REJECTED',
      feedback,
    });
  }
}

async function claim(client: Client): Promise<Round> {
  const { claimNextReview } = await client.ask<{ claimNextReview: Round }>(
    `mutation Claim($input: ClaimNextReviewInput!) {
      claimNextReview(input: $input) { round task { id ref metadata resolution } errors { code message } }
    }`,
    { input: { lease: 'PT1M' } },
  );
  return claimNextReview;
}

/** The round is named, so that a verdict that comes late judges nothing it has not seen. */
async function submit(
  client: Client,
  verdict: { task: { id: string }; round: number | null; verdict: string; feedback: string | null },
) {
  await client.ask(
    `mutation Judge($input: SubmitVerdictInput!) {
      submitVerdict(input: $input) { task { status } errors { code message } }
    }`,
    { input: { ...verdict, idempotencyKey: `verdict ${verdict.task.id} ${verdict.round}` } },
  );
}
