import { setTimeout as delay } from 'node:timers/promises';
import { newKey } from '../../src/sdk/platform.js';
import type { Caller } from './caller.js';
import type { Scene } from './scene.js';
import { sentOnce } from './sent-once.js';

/** Makes a pipeline, then starts and cancels runs of it until the play ends. */
export async function runPipelines(scene: Scene, caller: Caller): Promise<void> {
  const { random } = caller;
  const step = (key: string, dependsOn: string[]) => ({
    key,
    dependsOn,
    onDependencyFailure: random.pick(['BLOCK', 'CANCEL', 'PROCEED'] as const),
    template: { title: `{{once}}, step ${key}`, reviewPolicy: 'SKIP' as const },
  });
  const steps = [step('a', []), step('b', ['a']), step('c', ['a']), step('d', ['b', 'c'])];
  // A repeat is refused because the name is taken, which is as good.
  await caller.ask((client) => client.createPipeline({ name: 'diamond', steps }));
  while (scene.isPlaying()) {
    const idempotencyKey = newKey();
    const input = { name: 'diamond', idempotencyKey, variables: { once: sentOnce(idempotencyKey) } };
    const { answer } = await caller.ask((client) => client.startPipeline(input));
    if (answer !== undefined) await follow(scene, caller, answer.pipelineRun.id);
    await delay(random.between(1_000, 2_500));
  }
}

async function follow(scene: Scene, caller: Caller, id: string): Promise<void> {
  caller.acknowledge('pipeline-run', id);
  if (!caller.random.chance(0.3)) return;
  await scene.pause(caller.random, 5);
  await caller.ask((client) => client.cancelPipelineRun({ id }));
}

/** Makes recurring tasks and fires them by hand until the play ends. Their due times come too, many at once. */
export async function runSchedules(scene: Scene, caller: Caller): Promise<void> {
  const { random } = caller;
  const ids: string[] = [];
  for (const [catchUp, overlap] of [
    ['ALL', 'ALLOW'],
    ['LATEST', 'SKIP'],
    ['ALL', 'REPLACE'],
  ] as const) {
    const template = { title: `Every minute, ${catchUp}`, reviewPolicy: 'SKIP' as const };
    const name = `minutely ${catchUp} ${overlap}`;
    const input = { name, schedule: 'every minute', catchUp, overlap, template, idempotencyKey: newKey() };
    const { answer } = await caller.ask((client) => client.createRecurringTask(input));
    if (answer === undefined) continue;
    caller.acknowledge('recurring', answer.recurringTask.id);
    ids.push(answer.recurringTask.id);
  }
  while (scene.isPlaying() && ids.length > 0) {
    const { answer } = await caller.once((client) => client.fireRecurringTask({ id: random.pick(ids) }));
    if (answer !== undefined) caller.acknowledge('task', answer.task.id);
    await delay(random.between(1_500, 4_000));
  }
}
