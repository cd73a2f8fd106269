import type { Pool } from 'pg';
import { type Crew, openClient } from './cycles.js';
import { ask, createKey } from './harness.js';
import { measure, type Rate } from './load.js';
import type { Served } from './processes.js';

export const AGENTS = 32;

/** Claims of each agent per round. */
const CLAIMS_PER_AGENT = 100;

export const CLAIM =
  'mutation { claimNextTask(input: { maxCapacity: 100 }) { reason task { id ref title } run { id leaseExpiresAt } } }';

/** Registers the agents and returns a bearer key for each. */
export async function makeAgents({ url }: Served): Promise<string[]> {
  const keys: string[] = [];
  for (let i = 0; i < AGENTS; i += 1) {
    await ask(
      url,
      `mutation { registerAgent(input: { name: "agent-${i}", maxCapacity: 100 }) { errors { message } } }`,
    );
    keys.push(await createKey(url, `role: AGENT, agent: { name: "agent-${i}" }`));
  }
  return keys;
}

/** Registers the agents and opens connections for them, each with an operator of its own: a key has limits of its own. */
export async function openCrews(server: Served, count: number): Promise<Crew[]> {
  const keys = await makeAgents(server);
  return Promise.all(
    keys.slice(0, count).map(async (key) => ({
      agent: openClient(server.url, key),
      operator: openClient(server.url, await createKey(server.url, 'role: OPERATOR')),
    })),
  );
}

/** Adds tasks to the inbox, with mixed priorities and a due date for a third of them. */
export async function addTasks(pool: Pool, count: number): Promise<void> {
  await pool.query(
    `INSERT INTO tasks (id, title, status, priority, tags, due_at)
     SELECT 'task_' || n, 'Task ' || n || ' of the benchmark', 'INBOX',
       (ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'])[1 + n % 4]::task_priority, '{bench,list}',
       CASE WHEN n % 3 = 0 THEN now() + n * interval '1 second' END
     FROM (SELECT (SELECT count(*) FROM tasks) + g AS n FROM generate_series(1, $1::int) g) numbers`,
    [count],
  );
  await pool.query('VACUUM ANALYZE tasks, task_runs');
  await pool.query('CHECKPOINT');
}

/** Measures a round of claims. Afterwards, outside the measured time, the tasks are finished and replaced. */
export async function claimRound(server: Served, pool: Pool, keys: readonly string[]): Promise<Rate> {
  const amount = AGENTS * CLAIMS_PER_AGENT;
  const rate = await measure({ url: server.url, query: CLAIM, connections: AGENTS, amount, keys });
  await finishAll(pool);
  await addTasks(pool, amount);
  return rate;
}

/** Sets all tasks that are IN_PROGRESS to DONE. */
export async function finishAll(pool: Pool): Promise<void> {
  await pool.query(
    "UPDATE task_runs SET outcome = 'SUCCEEDED', finished_at = now() WHERE outcome = 'RUNNING'",
  );
  await pool.query(
    "UPDATE tasks SET status = 'DONE', current_run_id = NULL, resolution = 'x', status_at = now(), completed_at = now() WHERE status = 'IN_PROGRESS'",
  );
}
