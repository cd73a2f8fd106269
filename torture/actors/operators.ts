import { newKey } from '../../src/sdk/platform.js';
import type { Caller } from './caller.js';
import type { Scene } from './scene.js';
import { sentOnce } from './sent-once.js';

type Deed = (scene: Scene, caller: Caller, task: { readonly id: string }) => Promise<unknown>;

/** Edits, cancels, retries, judges and pauses at random until the play ends. */
export async function operate(scene: Scene, caller: Caller): Promise<void> {
  while (scene.isPlaying()) {
    const id = scene.pickTask(caller.random);
    if (id !== null) await caller.random.pick(DEEDS)(scene, caller, { id });
    await scene.pause(caller.random, 2);
  }
}

const DEEDS: readonly Deed[] = [
  comment,
  comment,
  update,
  update,
  judge,
  judge,
  judge,
  addDependency,
  removeDependency,
  assign,
  retry,
  cancel,
  pauseAgent,
  pauseJob,
];

async function comment(_: Scene, caller: Caller, task: { id: string }): Promise<void> {
  const idempotencyKey = newKey();
  const input = { task, body: sentOnce(idempotencyKey), idempotencyKey };
  const { answer } = await caller.ask((client) => client.addComment(input));
  if (answer !== undefined) caller.acknowledge('comment', answer.comment.id, task.id);
}

async function update(_: Scene, caller: Caller, task: { id: string }): Promise<void> {
  const priority = caller.random.pick(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const);
  const { answer } = await caller.ask((client) => client.updateTask({ task, priority }));
  if (answer !== undefined) caller.acknowledge('task.updated', task.id, answer.task.version);
}

async function judge(_: Scene, caller: Caller, task: { id: string }): Promise<void> {
  const verdict = caller.random.chance(0.7) ? ('APPROVED' as const) : ('REJECTED' as const);
  const input = { task, verdict, feedback: 'Seen.', idempotencyKey: newKey() };
  const { answer } = await caller.ask((client) => client.submitVerdict(input));
  if (answer !== undefined) caller.acknowledge('verdict', answer.review.id);
}

async function addDependency(scene: Scene, caller: Caller, task: { id: string }): Promise<void> {
  const on = scene.pickTask(caller.random);
  if (on === null || on === task.id) return;
  const { answer } = await caller.ask((client) => client.addDependency({ task, dependsOn: { id: on } }));
  if (answer !== undefined) caller.acknowledge('dependency.added', task.id, on);
}

async function removeDependency(scene: Scene, caller: Caller, task: { id: string }): Promise<void> {
  const on = scene.pickTask(caller.random);
  if (on !== null) await caller.ask((client) => client.removeDependency({ task, dependsOn: { id: on } }));
}

async function assign(_: Scene, caller: Caller, task: { id: string }): Promise<void> {
  const { random } = caller;
  const names = ['pull-1', 'pull-2', 'push-1', 'push-2'];
  const assignee = random.chance(0.3) ? null : { name: random.pick(names) };
  await caller.ask((client) => client.assignTask({ task, assignee }));
}

async function retry(_: Scene, caller: Caller, task: { id: string }): Promise<void> {
  await caller.once((client) => client.retryTask({ task }));
}

async function cancel(_: Scene, caller: Caller, task: { id: string }): Promise<void> {
  const { answer } = await caller.once((client) => client.cancelTask({ task, reason: 'Not needed' }));
  if (answer !== undefined) caller.acknowledge('task.cancelled', task.id);
}

async function pauseAgent(scene: Scene, caller: Caller): Promise<void> {
  const agent = { name: `pull-${caller.random.between(1, 3)}` };
  await caller.ask((client) => client.pauseAgent({ agent }));
  await scene.pause(caller.random, 3);
  await caller.ask((client) => client.resumeAgent({ agent }));
}

async function pauseJob(scene: Scene, caller: Caller): Promise<void> {
  const name = caller.random.pick(['spawnRecurringTasks', 'requeueStaleTasks', 'dispatchAssignedTasks']);
  await caller.ask((client) => client.pauseSchedulerJob({ name }));
  await scene.pause(caller.random, 3);
  await caller.ask((client) => client.resumeSchedulerJob({ name }));
}
