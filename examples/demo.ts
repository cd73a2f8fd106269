// Shows the whole loop in ten seconds, without any key. It starts its own server with an empty data folder, three agents and a
// reviewer behind the echo gateway, which answers at once. Tasks are dispatched, completed and reviewed; some are rejected with
// feedback and done again. Every event is printed.
//
//   npm run demo

import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from '../src/sdk/index.js';
import type { TaskEvent } from './events.js';
import { startOwnServer } from './own-server.js';

interface Task {
  readonly id: string;
  readonly ref: string;
}

const AGENTS = [
  { name: 'ada', role: 'researcher', soulTemplate: 'researcher' },
  { name: 'bruno', role: 'coder', soulTemplate: 'developer' },
  { name: 'chen', role: 'tester', soulTemplate: 'tester' },
  { name: 'aegis', role: 'reviewer', soulTemplate: 'reviewer' },
] as const;

/** Each feature becomes three tasks. Each task gets the results of the one before it. */
const FEATURES = ['dark mode', 'login page', 'export to CSV', 'search'] as const;
const STEPS = [
  { name: 'ada', title: (feature: string) => `Find out what users expect of the ${feature}` },
  { name: 'bruno', title: (feature: string) => `Build the ${feature}` },
  { name: 'chen', title: (feature: string) => `Test the ${feature}` },
] as const;

/** Pause between two features, so that a person can follow the output. */
const PACE_MS = 700;
const ENDS = new Set(['task.approved', 'task.failed', 'task.cancelled']);

/** Descriptions of events. Other events are not printed. */
const DESCRIPTIONS: Readonly<Record<string, (event: TaskEvent) => string>> = {
  'task.created': ({ task }) => `for ${task?.assignee?.name}`,
  'task.claimed': ({ task }) => `sent to ${task?.assignee?.name}`,
  'task.completed': ({ actor }) => `done by ${actor.displayName}`,
  'task.rejected': (event) => `sent back by ${event.actor.displayName}: ${reasonOf(event)}`,
  'task.approved': ({ actor }) => `approved by ${actor.displayName}`,
  'task.failed': (event) => `failed: ${reasonOf(event)}`,
  'task.unblocked': () => 'may begin',
};

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
// The reader has closed the pipe, as in: npm run demo | head
process.stdout.on('error', () => stop.abort());

const server = await startOwnServer({ MC_GATEWAY: 'echo', MC_LOG_LEVEL: 'warn' });
try {
  console.log(`A server of its own at ${server.url}, three agents and a reviewer behind the echo gateway.\n`);
  await run(createClient({ url: server.url, apiKey: server.adminKey }));
} finally {
  await server.stop();
}

async function run(admin: Client): Promise<void> {
  for (const agent of AGENTS) await admin.registerAgent({ ...agent, delivery: 'PUSH', maxCapacity: 2 });
  const { nodes } = await admin.lastEvents({ last: 1 });
  const tasks: Task[] = [];
  const plan = async () => {
    for (const feature of FEATURES) {
      tasks.push(...(await createChain(admin, feature)));
      await pause(PACE_MS, undefined, { signal: stop.signal });
    }
  };
  try {
    await Promise.all([plan(), printUntilDone(admin, nodes.at(-1)?.cursor)]);
    await report(admin, tasks);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

/** Prints the events until every planned task has ended. */
async function printUntilDone(admin: Client, after: string | undefined): Promise<void> {
  let open = FEATURES.length * STEPS.length;
  for await (const event of admin.followEvents({ after, filter: { types: ['task'] }, signal: stop.signal })) {
    if (!('task' in event)) continue;
    print(event);
    if (ENDS.has(event.type)) open -= 1;
    if (open === 0) return;
  }
}

/** `09:31:02.123  TASK-12  Build the login page                 sent back by aegis: …` */
function print(event: TaskEvent): void {
  const describe = DESCRIPTIONS[event.type];
  if (describe === undefined) return;
  const { ref = '', title = '' } = event.task ?? {};
  console.log(`${event.at.slice(11, 23)}  ${ref.padEnd(7)}  ${title.padEnd(50)}  ${describe(event)}`);
}

function reasonOf(event: TaskEvent): string {
  return ('reason' in event && event.reason) || 'no reason';
}

/** Creates three tasks, each depending on the one before. */
async function createChain(admin: Client, feature: string): Promise<Task[]> {
  const created: Task[] = [];
  for (const { name, title } of STEPS) {
    const before = created.at(-1);
    const { task } = await admin.createTask({
      title: title(feature),
      assignee: { name },
      dependsOn: before === undefined ? [] : [{ id: before.id }],
    });
    created.push(task);
  }
  return created;
}

async function report(admin: Client, tasks: readonly Task[]): Promise<void> {
  const nodes = await admin.tasksById({ ids: tasks.map((task) => task.id) });
  const ended = nodes.flatMap((node) => (node !== null && 'ref' in node ? [node] : []));
  const done = ended.filter(({ status }) => status === 'DONE');
  const reworked = done.filter(({ reviewCycles }) => reviewCycles > 0);
  console.log(`\n${done.length} of ${tasks.length} tasks are DONE.`);
  console.log(`${reworked.length} of them were sent back by the reviewer and done again with its feedback.`);
  if (done.length < tasks.length) process.exitCode = 1;
}
