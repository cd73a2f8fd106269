import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createInstrument } from '../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.js';
import { measure, median, type Rate } from './load.js';
import { residentMb, type Served, serve } from './processes.js';

/** Runs of everything, interleaved, so that a noisy moment hits all of them alike. */
const ROUNDS = 5;

/** Rounds before them that do not count: both servers are measured as they run all day, not while their code compiles. */
const WARM_UP = 3;
const AGENTS = 32;
const CLAIM =
  'mutation { claimNextTask(input: { maxCapacity: 100 }) { reason task { id ref title } run { id leaseExpiresAt } } }';
const LIST =
  '{ tasks(first: 50) { nodes { id ref title status priority tags createdAt updatedAt dueAt version assignee { id name } } } }';
const ADMIN = 'an-admin-key-for-the-benchmark';

const folder = await mkdtemp(join(tmpdir(), 'mission-control-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), instrument: createInstrument() });
const pool = new pg.Pool({ connectionString: postgres.connectionString });
const children: Served[] = [];
try {
  const yoga = await start([process.execPath, '--import', 'tsx', 'bench/plain-yoga.ts'], {});
  const server = await start([process.execPath, 'dist/main.js'], {
    DATABASE_URL: postgres.connectionString,
    MC_API_KEY: ADMIN,
    MC_DATA_DIR: join(folder, 'data'),
    MC_PORT: '0',
    MC_LOG_LEVEL: 'warn',
  });
  const idleMb = residentMb(server.pid);
  const keys = await makeAgents(server.url);

  const hello: Rate[] = [];
  const claims: Rate[] = [];
  await seed(40_000);
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const plain = { url: yoga.url, query: '{ hello }', connections: AGENTS, amount: 6_000, keys: [] };
    const rates = [await measure(plain), await claimRound(server.url, keys)] as const;
    if (round < 0) continue;
    hello.push(rates[0]);
    claims.push(rates[1]);
  }
  report('smallest query, plain yoga', hello);
  report('claimNextTask, 32 agents, 20,000 waiting', claims, hello);

  const few: Rate[] = [];
  const many: Rate[] = [];
  // 1,000 that stay 1,000: as many are added after each round as were claimed.
  for (let round = 0; round < ROUNDS; round += 1) {
    await seed(4_200);
    few.push(await claimRound(server.url, keys));
  }
  await seed(1_000_000);
  for (let round = 0; round < ROUNDS; round += 1) many.push(await claimRound(server.url, keys));
  report('claimNextTask, 1,000 to 4,200 waiting', few, hello);
  report('claimNextTask, 1,000,000 waiting', many, few);

  await seed(1_000);
  await pool.query("UPDATE tasks SET status = 'ASSIGNED', assignee_id = (SELECT min(id) FROM agents)");
  const lists: Rate[] = [];
  const plainLists: Rate[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    plainLists.push(
      await measure({ url: yoga.url, query: LIST, connections: AGENTS, amount: 2_000, keys: [] }),
    );
    lists.push(
      await measure({ url: server.url, query: LIST, connections: AGENTS, amount: 2_000, keys: [ADMIN] }),
    );
  }
  report('list of 50 with assignee, plain yoga from memory', plainLists);
  report('list of 50 with assignee', lists, plainLists);
  say(
    `| idle server | ${idleMb.toFixed(0)} MB resident | after the load ${residentMb(server.pid).toFixed(0)} MB |`,
  );
} finally {
  for (const child of children) await child.stop();
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function start(command: readonly string[], env: Record<string, string>): Promise<Served> {
  const child = await serve(command, env);
  children.push(child);
  return child;
}

/** 32 agents, each with a key of its own. */
async function makeAgents(url: string): Promise<string[]> {
  const keys: string[] = [];
  for (let i = 0; i < AGENTS; i += 1) {
    await ask(
      url,
      `mutation { registerAgent(input: { name: "agent-${i}", maxCapacity: 100 }) { errors { message } } }`,
    );
    const made = await ask(
      url,
      `mutation { createApiKey(input: { name: "bench", role: AGENT, agent: { name: "agent-${i}" } }) { secret } }`,
    );
    keys.push(made.createApiKey?.secret ?? '');
  }
  return keys;
}

async function ask(url: string, query: string): Promise<Record<string, { secret?: string }>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN}` },
    body: JSON.stringify({ query }),
  });
  const { data } = (await response.json()) as { data: Record<string, { secret?: string }> };
  return data;
}

/** An inbox of exactly so many tasks, of mixed priority, a third of them with a due date. */
async function seed(count: number): Promise<void> {
  await pool.query('TRUNCATE events, task_runs, tasks, idempotency_keys CASCADE');
  await pool.query(
    `INSERT INTO tasks (id, title, status, priority, tags, due_at)
     SELECT 'task_' || g, 'Task ' || g || ' of the benchmark', 'INBOX',
       (ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'])[1 + g % 4]::task_priority, '{bench,list}',
       CASE WHEN g % 3 = 0 THEN now() + g * interval '1 second' END
     FROM generate_series(1, $1::int) g`,
    [count],
  );
  await pool.query('VACUUM ANALYZE tasks');
  await pool.query('CHECKPOINT');
}

/** Each of the 32 agents claims as much as it may; then everything it holds is done, outside the measured time. */
async function claimRound(url: string, keys: readonly string[]): Promise<Rate> {
  const rate = await measure({ url, query: CLAIM, connections: AGENTS, amount: AGENTS * 100, keys });
  await pool.query(
    "UPDATE task_runs SET outcome = 'SUCCEEDED', finished_at = now() WHERE outcome = 'RUNNING'",
  );
  await pool.query(
    "UPDATE tasks SET status = 'DONE', current_run_id = NULL, resolution = 'x', completed_at = now() WHERE status = 'IN_PROGRESS'",
  );
  return rate;
}

function report(what: string, rates: readonly Rate[], against?: readonly Rate[]): void {
  const { perSecond, p50Ms, p99Ms } = median(rates);
  const ratio = against === undefined ? '' : `${(perSecond / median(against).perSecond).toFixed(2)} ×`;
  say(`| ${what} | ${perSecond.toFixed(0)}/s | p50 ${p50Ms} ms, p99 ${p99Ms} ms | ${ratio} |`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
