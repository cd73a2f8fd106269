import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PoolClient } from 'pg';
import { applyMigrations } from '../src/postgres/migrate.js';
import { claimTasks } from '../src/store/runs/claim-tasks.js';
import { type Harness, openHarness, print, quantile } from './harness.js';
import { addTasks, finishAll } from './queue.js';

/**
 * The time of PostgreSQL for a claim while tasks that not every agent may have stand at the head of the inbox, against a queue
 * without such tasks. The calls take turns, one of each queue after the other. Processor time of the connection's process
 * (Linux) instead of elapsed time: it is the same on a busy machine.
 */
const ROUNDS = 7;
const CALLS = 40;
const AGENTS = 10;
const RULES = { agentTimeoutMs: 600_000, defaultGateway: null, gatewayNames: [] };

const QUEUES = [
  { what: 'no task requires anything', requires: null, kind: 'plain' },
  { what: '10,000 require "gpu", agents without it', requires: "'{gpu}'", kind: 'plain' },
  { what: '10,000 require "gpu", agents with it', requires: "'{gpu}'", kind: 'able' },
  {
    what: '10,000 with 200 different requirements, agents without them',
    requires: "ARRAY['z' || i % 200]",
    kind: 'plain',
  },
] as const;

const harness = await openHarness();
try {
  for (const waiting of [1_000, 1_000_000]) await compare(harness, waiting);
} finally {
  await harness.close();
}

async function compare(harness: Harness, waiting: number): Promise<void> {
  const queues: Queue[] = [];
  for (const each of QUEUES) queues.push(await openQueue(harness, waiting, each.requires, each.kind));
  for (const batch of [1, 10]) {
    const rounds: number[][] = [];
    await measureRound(queues, batch);
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measureRound(queues, batch));
    report(rounds, waiting, batch);
  }
  for (const queue of queues) queue.close();
}

/** For each queue, the median time of a claim. */
async function measureRound(queues: readonly Queue[], batch: number): Promise<number[]> {
  const times = queues.map((queue) => ({ queue, each: [] as number[] }));
  for (let call = 0; call < CALLS; call += 1) {
    for (const { queue, each } of times) each.push((await queue.claim(batch)) / batch);
  }
  for (const queue of queues) await queue.refill(CALLS * batch);
  return times.map(({ each }) => quantile(each, 0.5));
}

/** The first queue is what the others are compared with, round by round. */
function report(rounds: readonly number[][], waiting: number, batch: number): void {
  for (const [i, { what }] of QUEUES.entries()) {
    const own = rounds.map((times) => times[i] ?? Number.NaN);
    const ratios = rounds.map((times) => (times[i] ?? Number.NaN) / (times[0] ?? Number.NaN));
    const time = `${quantile(own, 0.5).toFixed(0)} µs`;
    print(`| ${what} | ${waiting} | ${batch} | ${time} | ${quantile(ratios, 0.5).toFixed(2)} × |`);
  }
}

interface Queue {
  /** Claims for this many agents. Returns the processor time of PostgreSQL in microseconds. */
  claim(batch: number): Promise<number>;
  /** Finishes what was claimed and adds as many tasks. */
  refill(count: number): Promise<void>;
  close(): void;
}

/** A database with ten agents, this many tasks that any agent may have and, before them, those that require something. */
async function openQueue(
  harness: Harness,
  waiting: number,
  requires: string | null,
  kind: string,
): Promise<Queue> {
  const { url, pool } = await harness.createDatabase();
  await applyMigrations(url, { folder: fileURLToPath(new URL('../prisma/migrations', import.meta.url)) });
  await pool.query(
    `INSERT INTO agents (id, name, role, max_capacity, capabilities, last_seen_at)
     SELECT 'agt_' || i, 'agent-' || i, 'agent', 100, $1, now() FROM generate_series(0, $2 - 1) i`,
    [kind === 'able' ? ['gpu'] : [], AGENTS],
  );
  await pool.query('ALTER TABLE tasks SET (autovacuum_enabled = off)');
  if (requires !== null) await addRequiring(10_000);
  await addTasks(pool, waiting);
  const connection = await pool.connect();
  const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? 0;

  async function addRequiring(count: number): Promise<void> {
    await pool.query(
      `INSERT INTO tasks (id, title, status, priority, tags, created_at, requires)
       SELECT 'task_' || gen_random_uuid(), 'x', 'INBOX', 'CRITICAL', '{bench,list}', now() - interval '1 day', ${requires}
       FROM generate_series(1, ${count}) i`,
    );
  }

  return {
    async claim(batch: number): Promise<number> {
      const before = cpuUs(pid);
      await claimBatch(connection, batch);
      return cpuUs(pid) - before;
    },
    async refill(count: number): Promise<void> {
      await finishAll(pool);
      if (kind === 'able') await addRequiring(count);
      await addTasks(pool, kind === 'able' ? 0 : count);
    },
    close: () => connection.release(),
  };
}

async function claimBatch(connection: PoolClient, batch: number): Promise<void> {
  const requests = Array.from({ length: batch }, (_, i) => ({
    ...{ agentId: `agt_${i}`, runId: `run_${crypto.randomUUID()}`, maxCapacity: null, leaseMs: 600_000 },
    ...{ resume: false, idempotencyKey: null, narrowing: null, fingerprint: null },
  }));
  const rows = await claimTasks(connection, requests, { task: ['id', 'title'], run: ['id'] }, RULES);
  const other = rows.find(({ reason }) => reason !== 'ASSIGNED');
  if (other !== undefined) throw new Error(`the claim of the benchmark ended with ${other.reason}`);
}

/** The time that a process has run on a processor. */
function cpuUs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000;
}
