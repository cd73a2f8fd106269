import { newKey } from '../../src/sdk/platform.js';
import type { Random } from '../random.js';
import type { Caller } from './caller.js';
import type { Scene } from './scene.js';
import { sentOnce } from './sent-once.js';

const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;
const POLICIES = ['BLOCK', 'CANCEL', 'PROCEED'] as const;

/** More tasks than this are not open at a time, so that the end of the work is near when the play ends. */
const MOST_OPEN = { light: 40, full: 150 } as const;

/** Creates tasks, alone and in batches, with dependencies on earlier ones, until the play ends. */
export async function createWork(
  scene: Scene,
  caller: Caller,
  countOpen: () => Promise<number>,
): Promise<void> {
  const { random } = caller;
  while (scene.isPlaying()) {
    if ((await countOpen()) < MOST_OPEN[scene.plan.load]) await createSome(scene, caller);
    await scene.pause(random, 2);
  }
}

async function createSome(scene: Scene, caller: Caller): Promise<void> {
  const { random } = caller;
  const inputs = Array.from({ length: random.chance(0.4) ? random.between(2, 8) : 1 }, () =>
    anInput(scene, random),
  );
  const { answer } = await caller.ask((client) => client.createTasks(inputs));
  for (const { id } of answer?.tasks ?? []) {
    caller.acknowledge('task', id);
    scene.taskIds.push(id);
  }
}

function anInput(scene: Scene, random: Random) {
  const idempotencyKey = newKey();
  const dependsOn = random.chance(0.3) ? [scene.pickTask(random)] : [];
  return {
    title: sentOnce(idempotencyKey),
    priority: random.pick(PRIORITIES),
    reviewPolicy: random.chance(0.4) ? ('REQUIRED' as const) : ('SKIP' as const),
    onDependencyFailure: random.pick(POLICIES),
    dependsOn: dependsOn.flatMap((id) => (id === null ? [] : [{ id }])),
    tags: random.chance(0.3) ? ['tagged'] : [],
    requires: random.chance(0.15) ? ['special'] : [],
    assignee: random.chance(0.2) ? { name: `pull-${random.between(1, 4)}` } : null,
    startsAt: random.chance(0.1) ? new Date(Date.now() + random.between(0, 4_000)).toISOString() : null,
    idempotencyKey,
  };
}
