import { setTimeout as delay } from 'node:timers/promises';
import { mayPass } from '../../src/sdk/http/retry.js';
import {
  type Client,
  createClient,
  createReviewer,
  createWorker,
  RefusedError,
} from '../../src/sdk/index.js';
import type { Caller } from './caller.js';
import type { Scene } from './scene.js';

/** An agent that uses the worker of the SDK at one server, with the repeats and heartbeats of the SDK. */
export async function workWithSdk(scene: Scene, caller: Caller, door: string): Promise<void> {
  const { random } = caller;
  const worker = createWorker(clientOf(caller, door), {
    capacity: 2,
    leaseSeconds: 10,
    async handle() {
      await scene.pause(random, 2);
      if (scene.isPlaying() && random.chance(0.05)) throw new Error('It did not work.');
      return `Done by ${caller.name}`;
    },
    onError: (error) => reportUnexpected(caller, error),
  });
  await untilOver(scene, worker);
}

/** A reviewer that uses the SDK at one server. */
export async function reviewWithSdk(scene: Scene, caller: Caller, door: string): Promise<void> {
  const { random } = caller;
  const reviewer = createReviewer(clientOf(caller, door), {
    leaseSeconds: 10,
    async judge() {
      await scene.pause(random);
      if (!scene.isPlaying() || random.chance(0.8)) return { verdict: 'APPROVED' };
      return { verdict: 'REJECTED', feedback: 'Do it again.' };
    },
    onError: (error) => reportUnexpected(caller, error),
  });
  await untilOver(scene, reviewer);
}

function clientOf({ key }: Caller, url: string): Client {
  return createClient({ url, apiKey: key, timeoutMs: 6_000 });
}

async function untilOver(
  scene: Scene,
  worker: { run(): Promise<unknown>; stop(): Promise<unknown> },
): Promise<void> {
  const ended = worker.run();
  while (!scene.isOver()) await delay(100);
  await worker.stop();
  await ended;
}

/** Lost runs, refusals and outages are part of a run; handlers of this suite fail on purpose. */
function reportUnexpected(caller: Caller, error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isExpected =
    mayPass(error) ||
    error instanceof RefusedError ||
    code === 'RUN_LOST' ||
    code === 'RUN_GIVEN_BACK' ||
    (error instanceof Error && error.message === 'It did not work.');
  if (!isExpected) caller.complain(`the worker reports ${code}: ${String(error)}`);
}
