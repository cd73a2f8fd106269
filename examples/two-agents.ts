// Two agents and a reviewer work through a queue of fifty tasks. Every event is printed.
//
//   npm run example            uses the server at MC_URL, by default http://127.0.0.1:4000
//
// It creates keys for its agents, so it needs an admin key: MC_API_KEY, or else the one in data/admin.key.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Client, createClient } from '../src/sdk/index.js';
import { formatEvent } from './events.js';
import { runReviewer } from './reviewer.js';
import type { Assignment } from './skills.js';
import { addMember, revokeKeys, type TeamMember } from './team.js';
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

/** The tag of the example's tasks. */
const TAG = 'two-agents';

const ENDS = new Set(['task.approved', 'task.failed', 'task.cancelled']);

async function main(): Promise<void> {
  const url = process.env.MC_URL ?? 'http://127.0.0.1:4000';
  await expectServer(url);
  const admin = createClient({ url, apiKey: await findKey() });
  await refuseForeignWork(admin);
  const team: TeamMember[] = [];
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  try {
    for (const [name, role] of [
      ['otto', 'coder'],
      ['lena', 'coder'],
      ['vera', 'reviewer'],
    ] as const)
      team.push(await addMember(admin, url, name, role));
    await emptyQueue(admin, team, stop);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    stop.abort();
    await revokeKeys(admin, team);
  }
}

/** Fails if no server answers. Later, lost connections are retried. */
async function expectServer(url: string): Promise<void> {
  try {
    await fetch(`${url}/readyz`);
  } catch (cause) {
    throw new Error(`No server answers at ${url}: start one with npm start, or set MC_URL to another one.`, {
      cause,
    });
  }
}

async function findKey(): Promise<string> {
  return process.env.MC_API_KEY ?? (await readFile('data/admin.key', 'utf8')).trim();
}

/** Refuses a server with other tasks, because the example's agents and reviewer would take them. */
async function refuseForeignWork(admin: Client): Promise<void> {
  const { nodes } = await admin.tasks({
    first: 5,
    filter: { status: ['INBOX', 'REVIEW'], not: { tags: [TAG] } },
  });
  if (nodes.length === 0) return;
  const refs = nodes.map((task) => task.ref).join(', ');
  throw new Error(
    `This server has other open tasks (${refs}), which the example would take. Start another server for the example.`,
  );
}

async function emptyQueue(
  admin: Client,
  [otto, lena, vera]: readonly TeamMember[],
  stop: AbortController,
): Promise<void> {
  if (!otto || !lena || !vera) throw new Error('the team is incomplete');
  const { nodes } = await admin.lastEvents({ last: 1 });
  const tasks = await createTasks(admin);
  const done = new AbortController();
  const { signal } = done;
  const working = [
    runReviewer(vera.client, signal),
    runWorker(otto.client, signal),
    runWorker(lena.client, signal),
  ];
  try {
    await Promise.race([printUntilDone(admin, nodes.at(-1)?.cursor, tasks, stop.signal), ...working]);
  } finally {
    done.abort();
    await Promise.allSettled(working);
  }
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
  const { tasks } = await admin.createTasks(inputs);
  return tasks;
}

/** Prints the events, and ends when every task has ended. */
async function printUntilDone(
  admin: Client,
  after: string | undefined,
  tasks: readonly Task[],
  signal: AbortSignal,
): Promise<void> {
  const open = new Set(tasks.map((task) => task.id));
  for await (const event of admin.followEvents({ after, filter: { types: ['task'] }, signal })) {
    if (!('task' in event) || event.task === null) continue;
    console.log(formatEvent(event));
    if (ENDS.has(event.type)) open.delete(event.task.id);
    if (open.size === 0) return;
  }
}

async function report(admin: Client, tasks: readonly Task[]): Promise<void> {
  const nodes = await admin.tasksById({ ids: tasks.map((task) => task.id) });
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
