import { runCycles } from './cycles.js';
import { ADMIN, type Harness, openHarness, print, quantile } from './harness.js';
import { measure, type Rate } from './load.js';
import { residentMb, type Served } from './processes.js';
import { AGENTS, addTasks, claimRound, finishAll, makeAgents, openCrews } from './queue.js';
import { CYCLES, type Cycle } from './verbs.js';

/** Measured rounds. All measurements take turns, so that noise affects all of them; a ratio is the median of the rounds. */
const ROUNDS = 7;

/** Rounds before them that are not counted, so that the servers' code is compiled. */
const WARM_UP = 6;
/** Cycles of one verb in one round; a quarter for a client alone. */
const CYCLES_PER_ROUND = 320;
const FEW = 4_200;
const MANY = 1_000_000;
const LIST =
  '{ tasks(first: 50) { nodes { id ref title status priority tags createdAt updatedAt dueAt version assignee { id name } } } }';

/** Clients at a time, for the table of the verbs. */
const CLIENTS = [1, 10, 32];

const harness = await openHarness();
try {
  await measureVerbs(harness);
  const yoga = await harness.startProgram('bench/plain-yoga.ts');
  await measureLists(harness, yoga);
  await measureClaims(harness, yoga);
} finally {
  await harness.close();
}

type CycleRate = Awaited<ReturnType<typeof runCycles>>;

/** Each verb of an agent's loop with each number of clients, in turns. */
async function measureVerbs(harness: Harness): Promise<void> {
  const { url, pool } = await harness.createDatabase();
  const crews = await openCrews(await harness.startServer(url), AGENTS);
  const rows = Object.entries<Cycle>(CYCLES).flatMap(([name, cycle]) =>
    CLIENTS.map((clients) => ({
      name: `${name}, clients: ${clients}`,
      cycle,
      clients,
      rates: [] as CycleRate[],
    })),
  );
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const { cycle, clients, rates } of rows) {
      await addTasks(pool, CYCLES_PER_ROUND);
      const times = Math.ceil(CYCLES_PER_ROUND / (clients === 1 ? 4 : 1) / clients);
      const rate = await runCycles(crews.slice(0, clients), times, cycle);
      await finishAll(pool);
      if (round >= 0) rates.push(rate);
    }
  }
  for (const { name, rates } of rows) reportCycles(name, rates);
  for (const { agent, operator } of crews) for (const client of [agent, operator]) client.close();
}

function reportCycles(name: string, rates: readonly CycleRate[]): void {
  const middle = (of: (rate: CycleRate) => number) => quantile(rates.map(of), 0.5);
  const p50 = middle(({ p50Ms }) => p50Ms).toFixed(1);
  print(`| ${name} | ${middle(({ perSecond }) => perSecond).toFixed(0)}/s | p50 ${p50} ms |`);
}

async function measureLists(harness: Harness, yoga: Served): Promise<void> {
  const { url, pool } = await harness.createDatabase();
  const server = await harness.startServer(url);
  await makeAgents(server);
  await addTasks(pool, 1_000);
  await pool.query("UPDATE tasks SET status = 'ASSIGNED', assignee_id = (SELECT min(id) FROM agents)");
  const list = ({ url }: Served, keys: readonly string[]) =>
    measure({ url, query: LIST, connections: AGENTS, amount: 2_000, keys });
  const [plain, ours]: [Rate[], Rate[]] = [[], []];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const rates = [await list(yoga, []), await list(server, [ADMIN])] as const;
    if (round < 0) continue;
    plain.push(rates[0]);
    ours.push(rates[1]);
  }
  report('list of 50 with assignee, plain yoga from memory', plain);
  report('list of 50 with assignee', ours, plain);
}

async function measureClaims(harness: Harness, yoga: Served): Promise<void> {
  const few = await openQueue(harness, FEW);
  const many = await openQueue(harness, MANY);
  const rounds: { hello: Rate; few: Rate; many: Rate }[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const rates = {
      hello: await measure({
        url: yoga.url,
        query: '{ hello }',
        connections: AGENTS,
        amount: 6_000,
        keys: [],
      }),
      few: await few.claim(),
      many: await many.claim(),
    };
    if (round >= 0) rounds.push(rates);
  }
  report(
    'smallest query, plain yoga',
    rounds.map(({ hello }) => hello),
  );
  report(
    'claimNextTask, 32 agents, 1,000 to 4,200 waiting',
    rounds.map((round) => round.few),
    rounds.map(({ hello }) => hello),
  );
  report(
    'claimNextTask, 1,000,000 waiting, against the row above',
    rounds.map((round) => round.many),
    rounds.map((round) => round.few),
  );
  const loadedMb = residentMb(few.server.pid).toFixed(0);
  print(`| idle server | ${few.idleMb.toFixed(0)} MB resident | after the load ${loadedMb} MB |`);
}

/** Starts a server with a database of its own and this many tasks in its inbox before each round. */
async function openQueue(harness: Harness, waiting: number) {
  const { url, pool } = await harness.createDatabase();
  const server = await harness.startServer(url);
  const idleMb = residentMb(server.pid);
  const keys = await makeAgents(server);
  await addTasks(pool, waiting);
  return { server, idleMb, claim: () => claimRound(server, pool, keys) };
}

function report(what: string, rates: readonly Rate[], against?: readonly Rate[]): void {
  const middle = (of: (rate: Rate) => number) => quantile(rates.map(of), 0.5);
  const ratios = rates.map(({ perSecond }, i) => perSecond / (against?.[i]?.perSecond ?? Number.NaN));
  const ratio = against === undefined ? '' : `${quantile(ratios, 0.5).toFixed(2)} ×`;
  const latency = `p50 ${middle(({ p50Ms }) => p50Ms)} ms, p99 ${middle(({ p99Ms }) => p99Ms)} ms`;
  print(`| ${what} | ${middle(({ perSecond }) => perSecond).toFixed(0)}/s | ${latency} | ${ratio} |`);
}
