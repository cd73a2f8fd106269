import { setTimeout as delay } from 'node:timers/promises';
import { newKey } from '../../src/sdk/platform.js';
import type { Caller } from './caller.js';
import type { Scene } from './scene.js';
import { sentOnce } from './sent-once.js';

/** The shortest lease that a server accepts. */
const LEASE = 'PT10S';

/** Claims and works until the run is over. While the play lasts, some attempts fail, are released or are abandoned. */
export async function workAsAgent(scene: Scene, caller: Caller, agentId: string): Promise<void> {
  while (!scene.isOver()) {
    const runId = await claim(scene, caller, agentId);
    if (runId !== null) await work(scene, caller, runId);
    await scene.pause(caller.random);
  }
}

async function claim(scene: Scene, caller: Caller, agentId: string): Promise<string | null> {
  const { random } = caller;
  const input = {
    lease: LEASE,
    idempotencyKey: newKey(),
    waitSeconds: random.between(0, 2),
    resume: random.chance(0.2),
    ...(scene.isPlaying() && random.chance(0.2) ? { tags: ['tagged'] } : {}),
  };
  const { answer } = await caller.ask((client) => client.claimNextTask(input));
  if (answer?.run == null) return null;
  // A repeated claim is answered with the run of the first, which may have ended meanwhile: it was claimed all the same.
  caller.acknowledge('run.claimed', answer.run.id, agentId);
  return answer.run.id;
}

async function work(scene: Scene, caller: Caller, runId: string): Promise<void> {
  const { random } = caller;
  for (let reports = random.between(0, 2); reports > 0; reports -= 1) {
    await scene.pause(random);
    const message = newKey();
    const { answer } = await caller.ask((client) => client.reportProgress({ runId, message, percent: 50 }));
    if (answer === undefined) return;
    caller.acknowledge('run.progress', runId, message);
  }
  if (random.chance(0.3)) await caller.ask((client) => client.heartbeat({ runIds: [runId], lease: LEASE }));
  if (scene.isPlaying() && random.chance(0.03)) await delay(random.between(8_000, 14_000));
  await end(scene, caller, runId);
}

async function end(scene: Scene, caller: Caller, runId: string): Promise<void> {
  const { random } = caller;
  const dice = scene.isPlaying() ? random.next() : 1;
  // Abandoned: the lease ends, and the server takes the task back.
  if (dice < 0.04) return;
  if (dice < 0.1) {
    const { answer } = await caller.ask((client) => client.failTask({ runId, error: 'It did not work.' }));
    if (answer !== undefined) caller.acknowledge('run.failed', runId);
  } else if (dice < 0.16) {
    const { answer } = await caller.ask((client) => client.releaseTask({ runId, pass: random.chance(0.3) }));
    if (answer !== undefined) caller.acknowledge('run.released', runId);
  } else {
    await complete(scene, caller, runId);
  }
}

async function complete(scene: Scene, caller: Caller, runId: string): Promise<void> {
  const idempotencyKey = newKey();
  const followUp = { title: sentOnce(idempotencyKey), reviewPolicy: 'SKIP' as const };
  const input = {
    runId,
    resolution: `Done by ${caller.name}`,
    idempotencyKey,
    followUps: scene.isPlaying() && caller.random.chance(0.05) ? [followUp] : [],
  };
  const { answer } = await caller.ask((client) => client.completeTask(input));
  if (answer === undefined) return;
  caller.acknowledge('run.completed', runId);
  for (const { id } of answer.followUps ?? []) caller.acknowledge('task', id);
}
