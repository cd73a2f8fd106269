import { type Harness, print, quantile } from './harness.js';
import { measure } from './load.js';
import { cpuMs, type Served } from './processes.js';
import { AGENTS, addTasks, CLAIM, finishAll, makeAgents } from './queue.js';

const ROUNDS = 5;
const CLAIMS_PER_AGENT = 50;

/** Claims of 32 agents at one process, and of the same agents at two: in turns, each with the same inbox. */
export async function measureTwoProcesses(harness: Harness): Promise<void> {
  const first = await harness.startServer();
  const servers = [first, await harness.startServer()];
  const keys = await makeAgents(first);
  await addTasks(harness.pool, AGENTS * CLAIMS_PER_AGENT);
  const rounds: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push([await claimAt(harness, [first], keys), await claimAt(harness, servers, keys)]);
  }
  const middle = (values: readonly number[]) => quantile(values, 0.5);
  print(`| claims at one process | ${middle(rounds.map(([one]) => one)).toFixed(0)}/s | |`);
  print(
    `| claims at two processes | ${middle(rounds.map(([, two]) => two)).toFixed(0)}/s | ${middle(rounds.map(([one, two]) => two / one)).toFixed(2)} × |`,
  );
}

/** Claims per second, all processes together. */
async function claimAt(
  { pool }: Harness,
  servers: readonly Served[],
  keys: readonly string[],
): Promise<number> {
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
  // The shares are equal and begin together, so the time of the slowest is the time of all.
  const seconds = Math.max(...rates.map(({ perSecond }) => (share * CLAIMS_PER_AGENT) / perSecond));
  const busy = servers.map(({ pid }, i) => (cpuMs(pid) - (cpuBefore[i] ?? 0)) / seconds / 10);
  print(
    `${servers.length} at work, each busy for ${busy.map((one) => `${one.toFixed(0)} %`).join(', ')} of the time`,
  );
  await finishAll(pool);
  await addTasks(pool, AGENTS * CLAIMS_PER_AGENT);
  return (AGENTS * CLAIMS_PER_AGENT) / seconds;
}
