import { randomUUID } from 'node:crypto';
import {
  ClaimNextTaskDocument,
  type ClaimNextTaskMutation,
  CompleteTaskDocument,
  FailTaskDocument,
  HeartbeatDocument,
  ReleaseTaskDocument,
} from '../src/generated/operations.js';
import { type Client, pause, Refused } from './client.js';
import { type Assignment, isAssignment, perform } from './skills.js';

/** The heartbeat interval is much shorter than the lease that it renews, so that several heartbeats may be lost. */
const HEARTBEAT_MS = 5_000;
const LEASE = 'PT30S';

type Claim = Pick<ClaimNextTaskMutation['claimNextTask'], 'task' | 'run'>;
type Work = NonNullable<Claim['task']>;

/** Runs one agent until the signal: claims, works, completes. It does not poll, because the server holds the claim open. */
export async function runWorker(client: Client, signal: AbortSignal): Promise<void> {
  const beating = keepHeartbeat(client, signal);
  await Promise.all([beating, keepWorking(client, signal)]);
}

async function keepWorking(client: Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { task, run } = await claim(client, signal);
    if (task && run) await handle(client, task, run.id);
  }
}

/** Claims with an idempotency key, so that a retry after a lost answer returns the same task. */
async function claim(client: Client, signal: AbortSignal): Promise<Claim> {
  const input = { waitSeconds: 20, lease: LEASE, resume: true, idempotencyKey: randomUUID() };
  try {
    const { claimNextTask } = await client.ask(ClaimNextTaskDocument, { input }, signal);
    return claimNextTask;
  } catch (error) {
    if (signal.aborted) return { task: null, run: null };
    throw error;
  }
}

async function handle(client: Client, { ref, metadata, reviews }: Work, runId: string): Promise<void> {
  if (!isAssignment(metadata)) {
    await release(client, runId);
    throw new Error(`${ref} is not a task of the example, so it was released.`);
  }
  const feedback = reviews.nodes.flatMap((review) => review.feedback ?? []);
  try {
    const outcome = await attempt(metadata, feedback);
    if ('resolution' in outcome) await complete(client, runId, outcome.resolution);
    else await fail(client, runId, outcome.error);
  } catch (error) {
    // Another run has the task now. Nothing was written, and the worker continues with other tasks.
    if (!(error instanceof Refused && error.code === 'LEASE_LOST')) throw error;
  }
}

async function attempt(
  assignment: Assignment,
  feedback: readonly string[],
): Promise<{ readonly resolution: string } | { readonly error: string }> {
  try {
    return { resolution: await perform(assignment, feedback) };
  } catch (error) {
    return { error: String(error) };
  }
}

async function complete(client: Client, runId: string, resolution: string): Promise<void> {
  const input = { runId, resolution, idempotencyKey: `complete ${runId}` };
  await client.ask(CompleteTaskDocument, { input });
}

async function fail(client: Client, runId: string, error: string): Promise<void> {
  await client.ask(FailTaskDocument, { input: { runId, error } });
}

async function release(client: Client, runId: string): Promise<void> {
  await client.ask(ReleaseTaskDocument, { input: { runId, reason: 'not a task of the example' } });
}

async function keepHeartbeat(client: Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await client.ask(HeartbeatDocument, { input: { lease: LEASE } });
    await pause(HEARTBEAT_MS, signal);
  }
}
