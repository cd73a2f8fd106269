// Shows the whole loop in ten seconds, without any key. It starts its own server with an empty data folder, three agents and a
// reviewer behind the echo gateway, which answers at once. Tasks are dispatched, completed and reviewed; some are rejected with
// feedback and done again. Every event is printed.
//
//   npm run demo

import { type Client, createClient, pause } from './client.js';
import { findEndOfLog, followEvents, type TaskEvent } from './events.js';
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
  'task.created': ({ task }) => `for ${task.assignee?.name}`,
  'task.claimed': ({ task }) => `sent to ${task.assignee?.name}`,
  'task.completed': ({ actor }) => `done by ${actor.displayName}`,
  'task.rejected': ({ actor, reason }) => `sent back by ${actor.displayName}: ${reason}`,
  'task.approved': ({ actor }) => `approved by ${actor.displayName}`,
  'task.failed': ({ reason }) => `failed: ${reason}`,
  'task.unblocked': () => 'may begin',
};

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
// The reader has closed the pipe, as in: npm run demo | head
process.stdout.on('error', () => stop.abort());

const server = await startOwnServer({ MC_GATEWAY: 'echo', MC_LOG_LEVEL: 'warn' });
try {
  console.log(`A server of its own at ${server.url}, three agents and a reviewer behind the echo gateway.\n`);
  await run(createClient(server.url, server.adminKey));
} finally {
  await server.stop();
}

async function run(admin: Client): Promise<void> {
  for (const agent of AGENTS) await register(admin, agent);
  const position = await findEndOfLog(admin);
  const tasks: Task[] = [];
  const planned = FEATURES.length * STEPS.length;
  const plan = async () => {
    for (const feature of FEATURES) {
      if (!stop.signal.aborted) tasks.push(...(await createChain(admin, feature)));
      await pause(PACE_MS, stop.signal);
    }
  };
  const follow = async () => {
    let ended = 0;
    for await (const event of followEvents(admin, position, stop.signal)) {
      print(event);
      if (ENDS.has(event.type)) ended += 1;
      if (ended === planned) return;
    }
  };
  await Promise.all([plan(), follow()]);
  if (!stop.signal.aborted) await report(admin, tasks);
}

/** `09:31:02.123  TASK-12  Build the login page                 sent back by aegis: …` */
function print(event: TaskEvent): void {
  const describe = DESCRIPTIONS[event.type];
  if (describe === undefined) return;
  const { ref, title } = event.task;
  console.log(`${event.at.slice(11, 23)}  ${ref.padEnd(7)}  ${title.padEnd(50)}  ${describe(event)}`);
}

async function register(admin: Client, agent: (typeof AGENTS)[number]): Promise<void> {
  await admin.ask(
    `mutation Register($input: RegisterAgentInput!) {
      registerAgent(input: $input) { created errors { code message } }
    }`,
    { input: { ...agent, delivery: 'PUSH', maxCapacity: 2 } },
  );
}

/** Creates three tasks, each depending on the one before. */
async function createChain(admin: Client, feature: string): Promise<Task[]> {
  const created: Task[] = [];
  for (const { name, title } of STEPS) {
    const before = created.at(-1);
    const { createTask } = await admin.ask<{ createTask: { task: Task } }>(
      `mutation Create($input: CreateTaskInput!) {
        createTask(input: $input) { task { id ref } errors { code message } }
      }`,
      {
        input: {
          title: title(feature),
          assignee: { name },
          dependsOn: before === undefined ? [] : [{ id: before.id }],
        },
      },
    );
    created.push(createTask.task);
  }
  return created;
}

interface Ended {
  readonly status: string;
  readonly reviewCycles: number;
}

async function report(admin: Client, tasks: readonly Task[]): Promise<void> {
  const { nodes } = await admin.ask<{ nodes: Ended[] }>(
    'query Ended($ids: [ID!]!) { nodes(ids: $ids) { ... on Task { status reviewCycles } } }',
    { ids: tasks.map((task) => task.id) },
  );
  const done = nodes.filter(({ status }) => status === 'DONE');
  const reworked = done.filter(({ reviewCycles }) => reviewCycles > 0);
  console.log(`\n${done.length} of ${tasks.length} tasks are DONE.`);
  console.log(`${reworked.length} of them were sent back by the reviewer and done again with its feedback.`);
  if (done.length < tasks.length) process.exitCode = 1;
}
