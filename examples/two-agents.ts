// Two agents and a reviewer empty a queue of fifty tasks; every event is printed as it happens.
//
//   npm run example            against the server at MC_URL, else http://127.0.0.1:4000
//
// It creates keys for its agents, so its own key, MC_API_KEY or else the one in data/admin.key, is an admin's.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  CreateTasksDocument,
  OpenTasksWithoutTagDocument,
  TasksByIdDocument,
} from '../src/generated/operations.js';
import { type Client, createClient } from './client.js';
import { findEndOfLog, followEvents, formatEvent } from './events.js';
import { judgeAll } from './reviewer.js';
import type { Assignment } from './skills.js';
import { type Colleague, dismiss, hire } from './team.js';
import { runWorker } from './worker.js';

interface PlannedTask {
  readonly title: string;
  readonly description: string;
  readonly priority: 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';
  readonly metadata: Assignment;
}

interface Task {
  readonly id: string;
  readonly ref: string;
}

/** Marks the example's own tasks. */
const TAG = 'two-agents';

const ENDS = new Set(['task.approved', 'task.failed', 'task.cancelled']);

async function main(): Promise<void> {
  const url = process.env.MC_URL ?? 'http://127.0.0.1:4000';
  await expectServer(url);
  const admin = createClient(url, await findKey());
  await refuseForeignWork(admin);
  const team: Colleague[] = [];
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  try {
    for (const [name, role] of [
      ['otto', 'coder'],
      ['lena', 'coder'],
      ['vera', 'reviewer'],
    ] as const)
      team.push(await hire(admin, name, role));
    await emptyQueue(admin, team, stop);
  } finally {
    stop.abort();
    await dismiss(admin, team);
  }
}

/** Later a lost connection is waited for; at the beginning it means that nothing was started. */
async function expectServer(url: string): Promise<void> {
  try {
    await fetch(`${url}/readyz`);
  } catch (cause) {
    throw new Error(`No server answers at ${url}: start one with npm start, or name another in MC_URL.`, {
      cause,
    });
  }
}

async function findKey(): Promise<string> {
  return process.env.MC_API_KEY ?? (await readFile('data/admin.key', 'utf8')).trim();
}

/** Its agents take whatever waits, and its reviewer judges whatever was handed in: better not yours. */
async function refuseForeignWork(admin: Client): Promise<void> {
  const { tasks } = await admin.ask(OpenTasksWithoutTagDocument, { tag: TAG });
  if (tasks.nodes.length === 0) return;
  const refs = tasks.nodes.map((task) => task.ref).join(', ');
  throw new Error(
    `This server has work of its own (${refs}), which the example would take. Start another one for it.`,
  );
}

async function emptyQueue(
  admin: Client,
  [otto, lena, vera]: readonly Colleague[],
  stop: AbortController,
): Promise<void> {
  if (!otto || !lena || !vera) throw new Error('somebody is missing');
  const position = await findEndOfLog(admin);
  const tasks = await createTasks(admin);
  const review = async () => {
    await followAndReview({ admin, reviewer: vera.client, position, tasks, signal: stop.signal });
    stop.abort();
  };
  await Promise.all([review(), runWorker(otto.client, stop.signal), runWorker(lena.client, stop.signal)]);
  await report(admin, tasks);
}

async function createTasks(admin: Client): Promise<readonly Task[]> {
  const planned: PlannedTask[] = JSON.parse(await readFile(new URL('tasks.json', import.meta.url), 'utf8'));
  const session = randomUUID();
  const inputs = planned.map((task, index) => ({
    ...task,
    metadata: { ...task.metadata },
    tags: [TAG],
    idempotencyKey: `${session} ${index}`,
  }));
  const { createTasks: created } = await admin.ask(CreateTasksDocument, { inputs });
  return created.tasks ?? [];
}

interface Follow {
  readonly admin: Client;
  readonly reviewer: Client;
  readonly position: string;
  readonly tasks: readonly Task[];
  readonly signal: AbortSignal;
}

/** Prints the events, lets the reviewer look whenever work was handed in, and ends when every task has. */
async function followAndReview({ admin, reviewer, position, tasks, signal }: Follow): Promise<void> {
  const open = new Set(tasks.map((task) => task.id));
  for await (const event of followEvents(admin, position, signal)) {
    console.log(formatEvent(event));
    if (event.type === 'task.completed') await judgeAll(reviewer);
    if (ENDS.has(event.type)) open.delete(event.task.id);
    if (open.size === 0) return;
  }
}

async function report(admin: Client, tasks: readonly Task[]): Promise<void> {
  const { nodes } = await admin.ask(TasksByIdDocument, { ids: tasks.map((task) => task.id) });
  const ended = nodes.flatMap((node) => (node !== null && 'ref' in node ? [node] : []));
  const done = ended.filter((task) => task.status === 'DONE');
  const by = (name: string) => `${name} ${done.filter((task) => task.assignee?.name === name).length}`;
  const reworked = done.filter((task) => task.reviewCycles > 0).length;
  console.log(`\n${done.length} of ${tasks.length} tasks are DONE: ${by('otto')}, ${by('lena')}.`);
  console.log(`${reworked} of them were rejected before and done again.`);
  if (done.length < tasks.length) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
