import { ADMIN } from '../bench/harness.js';

/** Agents that work at the same time. */
const AGENTS = 16;

/** Tasks that wait in the inbox while the agents work. */
const BACKLOG = 1_000;

/** Tasks that one request creates. */
const BATCH = 100;

/** What became of one slice of the tasks. */
export interface Work {
  readonly tasks: number;
  readonly seconds: number;
  /** The duration of each request that completes a task and claims the next one, in milliseconds. */
  readonly latenciesMs: readonly number[];
}

/** Agents that claim and complete tasks, and what creates the tasks for them. */
export interface Fleet {
  /** Creates and completes this many tasks. */
  handle(count: number): Promise<Work>;
}

const CREATE = `mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { id } errors { message } } }`;
const CLAIM = `mutation ($key: String!) { claimNextTask(input: { waitSeconds: 1, idempotencyKey: $key }) { run { id } errors { message } } }`;
const COMPLETE_AND_CLAIM = `mutation ($run: ID!, $key: String!) {
  completeTask(input: { runId: $run, resolution: "Done, with a sentence about what was done.", idempotencyKey: $key }) { task { id } errors { message } }
  claimNextTask(input: { waitSeconds: 1, idempotencyKey: $key }) { run { id } errors { message } }
}`;

interface Data {
  readonly claimNextTask?: { readonly run: { readonly id: string } | null };
  readonly createApiKey?: { readonly secret: string };
}

/** Registers the agents. */
export async function openFleet(url: string): Promise<Fleet> {
  const keys: string[] = [];
  for (let place = 0; place < AGENTS; place += 1) {
    const name = `soak-${place}`;
    await post(url, ADMIN, `mutation { registerAgent(input: { name: "${name}" }) { errors { message } } }`);
    const { createApiKey } = await post(
      url,
      ADMIN,
      `mutation { createApiKey(input: { name: "${name}", role: AGENT, agent: { name: "${name}" } }) { secret } }`,
    );
    keys.push(createApiKey?.secret ?? '');
  }
  /** The run that each agent holds. */
  const held = new Map<string, string>();
  let claims = 0;
  let created = 0;
  let wanted = 0;
  let completed = 0;

  async function create(): Promise<void> {
    while (created < wanted) {
      if (created - completed >= BACKLOG) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      const count = Math.min(BATCH, wanted - created);
      const inputs = Array.from({ length: count }, (_, place) => toInput(created + place));
      await post(url, ADMIN, CREATE, { inputs });
      created += count;
    }
  }

  async function work(key: string, latenciesMs: number[]): Promise<void> {
    while (completed < wanted) {
      const run = held.get(key);
      const sentAtMs = performance.now();
      claims += 1;
      const { claimNextTask } = await (run === undefined
        ? post(url, key, CLAIM, { key: `claim ${claims}` })
        : post(url, key, COMPLETE_AND_CLAIM, { run, key: `after ${run}` }));
      if (run !== undefined) {
        completed += 1;
        held.delete(key);
        // A claim that had to wait for work says nothing about the server.
        if (claimNextTask?.run) latenciesMs.push(performance.now() - sentAtMs);
      }
      if (claimNextTask?.run) held.set(key, claimNextTask.run.id);
    }
  }

  return {
    async handle(count) {
      const begunAtMs = performance.now();
      const latenciesMs: number[] = [];
      wanted += count;
      await Promise.all([create(), ...keys.map((key) => work(key, latenciesMs))]);
      return { tasks: count, seconds: (performance.now() - begunAtMs) / 1_000, latenciesMs };
    },
  };
}

function toInput(number: number): object {
  return {
    title: `Task ${number} of the soak`,
    description:
      'A description of usual length, which says what has to be done and how to see that it is done.',
    priority: ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'][number % 4],
    reviewPolicy: 'SKIP',
    tags: [`tag-${number % 10}`],
    idempotencyKey: `soak ${number}`,
  };
}

/** Repeats the request while the server or its database is not reached: every mutation has an idempotency key. */
async function post(url: string, key: string, query: string, variables: object = {}): Promise<Data> {
  for (;;) {
    const text = await send(url, key, JSON.stringify({ query, variables })).catch(() => null);
    if (text !== null && !text.includes('"UNAVAILABLE"')) return read(text);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function send(url: string, key: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const response = await fetch(url, { method: 'POST', headers, body });
  return response.text();
}

function read(text: string): Data {
  const { data } = JSON.parse(text) as { readonly data?: Data };
  if (!data || /"errors":\[\{/.test(text)) throw new Error(text.slice(0, 500));
  return data;
}
