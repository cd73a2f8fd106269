import { ask, createKey, type Harness, quantile, say } from './harness.js';
import { measure } from './load.js';
import { cpuMs, type Served } from './processes.js';

const AGENTS = 32;
const ROUNDS = 5;
const CLAIMS_PER_AGENT = 50;
const CLAIM =
  'mutation { claimNextTask(input: { maxCapacity: 100 }) { reason task { id ref title } run { id } } }';

/** Claims of 32 agents at one process, and of the same agents at two: in turns, each with the same inbox. */
export async function measureTwoProcesses(harness: Harness): Promise<void> {
  const servers = [await harness.startServer(), await harness.startServer()];
  const keys = await makeAgents(servers[0]?.url ?? '');
  const rounds: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push([await claimAt(harness, servers.slice(0, 1), keys), await claimAt(harness, servers, keys)]);
  }
  const middle = (values: readonly number[]) => quantile(values, 0.5);
  say(`| claims at one process | ${middle(rounds.map(([one]) => one)).toFixed(0)}/s | |`);
  say(
    `| claims at two processes | ${middle(rounds.map(([, two]) => two)).toFixed(0)}/s | ${middle(rounds.map(([one, two]) => two / one)).toFixed(2)} × |`,
  );
}

async function makeAgents(url: string): Promise<string[]> {
  const keys: string[] = [];
  for (let i = 0; i < AGENTS; i += 1) {
    const agent = `agent: { name: "agent-${i}" }`;
    await ask(
      url,
      `mutation { registerAgent(input: { name: "agent-${i}", maxCapacity: 100 }) { errors { message } } }`,
    );
    keys.push(await createKey(url, `role: AGENT, ${agent}`));
  }
  return keys;
}

/** Claims per second, all processes together. */
async function claimAt(
  { pool }: Harness,
  servers: readonly Served[],
  keys: readonly string[],
): Promise<number> {
  await pool.query('TRUNCATE events, task_runs, tasks, idempotency_keys CASCADE');
  await pool.query(
    `INSERT INTO tasks (id, title, status, priority)
     SELECT 'task_' || g, 'Task ' || g, 'INBOX', 'MEDIUM' FROM generate_series(1, $1::int) g`,
    [AGENTS * CLAIMS_PER_AGENT * 2],
  );
  await pool.query('VACUUM ANALYZE tasks');
  const share = AGENTS / servers.length;
  const cpuBefore = servers.map(({ pid }) => cpuMs(pid));
  const rates = await Promise.all(
    servers.map(({ url }, i) =>
      measure({
        url,
        query: CLAIM,
        connections: share,
        amount: share * CLAIMS_PER_AGENT,
        keys: keys.slice(i * share, (i + 1) * share),
      }),
    ),
  );
  // The shares are equal and begin together, so the slowest says how long all took.
  const seconds = Math.max(...rates.map(({ perSecond }) => (share * CLAIMS_PER_AGENT) / perSecond));
  const busy = servers.map(({ pid }, i) => (cpuMs(pid) - (cpuBefore[i] ?? 0)) / seconds / 10);
  say(
    `${servers.length} at work, each busy for ${busy.map((one) => `${one.toFixed(0)} %`).join(', ')} of the time`,
  );
  return (AGENTS * CLAIMS_PER_AGENT) / seconds;
}
