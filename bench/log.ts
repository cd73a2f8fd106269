import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { ADMIN, createTask, type Harness, openHarness, print, quantile } from './harness.js';
import { measure } from './load.js';
import type { Served } from './processes.js';
import { AGENTS, addTasks, CLAIM, finishAll, makeAgents } from './queue.js';
import { openSubscribers, type Subscribers } from './subscribers.js';

// npm run bench:log -- <folder of another built checkout>
// Compares this version with the other one in what the event log costs. All measurements take turns, so that noise affects
// both; a ratio is the median of the rounds.

const ROUNDS = 9;
const WARM_UP = 3;
const CLAIMS_PER_AGENT = 50;
const EVENTS = 60;
/** Pause between two events, so that the server has finished one before the next request. */
const PAUSE_MS = 15;

const CREATE = 'mutation { createTask(input: { title: "A task of the benchmark" }) { task { id } } }';
const COMPLETE =
  'mutation ($run: ID!) { completeTask(input: { runId: $run, resolution: "done" }) { task { id } errors { message } } }';

interface Side {
  readonly server: Served;
  readonly pool: Pool;
  readonly keys: readonly string[];
  readonly watcher: Subscribers;
}

const MEASUREMENTS: Record<string, (side: Side) => Promise<number>> = {
  'claims of 32 agents, per second': claims,
  'claim and complete of 32 agents, per second': claimsAndCompletions,
  'changes of 32 writers, per second': (side) => changes(side),
  'request sent → event seen, p50 in ms': latency,
};

const harness = await openHarness();
try {
  const [other] = process.argv.slice(2);
  if (other === undefined) throw new Error('give the folder of another built checkout');
  const sides = [await openSide(harness, other), await openSide(harness, '.')];
  const found = new Map<string, number[][]>(Object.keys(MEASUREMENTS).map((name) => [name, [[], []]]));
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const [name, take] of Object.entries(MEASUREMENTS)) {
      for (const [i, side] of sides.entries()) {
        const value = await take(side);
        print(`${round} ${name}: ${i === 0 ? 'before' : 'after'} ${value.toFixed(1)}`);
        if (round >= 0) found.get(name)?.[i]?.push(value);
      }
    }
  }
  for (const [name, [before = [], after = []]] of found) report(name, before, after);
  for (const { watcher } of sides) watcher.close();
} finally {
  await harness.close();
}

async function openSide(harness: Harness, checkout: string): Promise<Side> {
  const { url, pool } = await harness.createDatabase();
  const server = await harness.startServer(url, checkout);
  const keys = await makeAgents(server);
  const watcher = await openSubscribers(server.url, 1, {
    first: () => ({ type: 'connection_init', payload: { authorization: `Bearer ${ADMIN}` } }),
    second: () => ({
      id: '1',
      type: 'subscribe',
      payload: { query: 'subscription { events(filter: { types: ["task.created"] }) { cursor } }' },
    }),
  });
  return { server, pool, keys, watcher };
}

async function claims({ server, pool, keys }: Side): Promise<number> {
  const amount = AGENTS * CLAIMS_PER_AGENT;
  await addTasks(pool, amount);
  const { perSecond } = await measure({ url: server.url, query: CLAIM, connections: AGENTS, amount, keys });
  await finishAll(pool);
  return perSecond;
}

async function claimsAndCompletions({ server, pool, keys }: Side): Promise<number> {
  const each = 15;
  await addTasks(pool, AGENTS * each);
  const begun = performance.now();
  await Promise.all(keys.map((key) => work(server.url, key, each)));
  return (AGENTS * each) / ((performance.now() - begun) / 1_000);
}

async function work(url: string, key: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const { claimNextTask } = await send(url, key, { query: CLAIM });
    const run = claimNextTask?.run?.id;
    if (run === undefined) throw new Error('the inbox is empty');
    await send(url, key, { query: COMPLETE, variables: { run } });
  }
}

async function send(url: string, key: string, body: object) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  const { data } = (await response.json()) as { data: Record<string, { run?: { id: string } }> };
  return data;
}

async function changes({ server, pool }: Side): Promise<number> {
  const { perSecond } = await measure({
    url: server.url,
    query: CREATE,
    connections: AGENTS,
    amount: AGENTS * 30,
    keys: [ADMIN],
  });
  await pool.query(
    "UPDATE tasks SET status = 'CANCELLED', status_at = now(), completed_at = now() WHERE status = 'INBOX'",
  );
  return perSecond;
}

async function latency({ server, watcher }: Side): Promise<number> {
  const latencies: number[] = [];
  for (let event = 0; event < EVENTS; event += 1) {
    const seen = new Promise<number>((resolve) => {
      watcher.onMessage = (_subscriber, atMs) => resolve(atMs);
    });
    const sentAtMs = performance.now();
    await createTask(server.url);
    latencies.push((await seen) - sentAtMs);
    await pause(PAUSE_MS);
  }
  watcher.onMessage = () => undefined;
  return quantile(latencies, 0.5);
}

function report(name: string, before: readonly number[], after: readonly number[]): void {
  const middle = (values: readonly number[]) => quantile(values, 0.5).toFixed(1);
  const ratios = after.map((value, i) => value / (before[i] ?? Number.NaN));
  print(`| ${name} | ${middle(before)} | ${middle(after)} | ${quantile(ratios, 0.5).toFixed(2)} × |`);
}
