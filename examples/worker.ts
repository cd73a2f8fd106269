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

/** Between two heartbeats, and the lease that each of them renews: several may be lost before the lease ends. */
const HEARTBEAT_MS = 5_000;
const LEASE = 'PT30S';

type Claim = Pick<ClaimNextTaskMutation['claimNextTask'], 'task' | 'run'>;
type Work = NonNullable<Claim['task']>;

/** One agent, with its own key: claims, works, hands in, until the signal. It polls nothing: the server holds the claim. */
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

/** Asked again under the same key, as after a lost answer, the server hands out the same task and no second one. */
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
    throw new Error(`${ref} is none of the example's tasks: it was handed back.`);
  }
  const feedback = reviews.nodes.flatMap((review) => review.feedback ?? []);
  try {
    const outcome = await attempt(metadata, feedback);
    if ('resolution' in outcome) await complete(client, runId, outcome.resolution);
    else await fail(client, runId, outcome.error);
  } catch (error) {
    // Somebody else has the task now: nothing of ours was written, and there is other work.
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
