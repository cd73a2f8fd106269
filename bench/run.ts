import { ADMIN, type Harness, openHarness, print, quantile } from './harness.js';
import { measure, type Rate } from './load.js';
import { residentMb, type Served } from './processes.js';
import { AGENTS, addTasks, claimRound, makeAgents } from './queue.js';

/** Measured rounds. All measurements take turns, so that noise affects all of them; a ratio is the median of the rounds. */
const ROUNDS = 7;

/** Rounds before them that are not counted, so that the servers' code is compiled. */
const WARM_UP = 6;
const FEW = 4_200;
const MANY = 1_000_000;
const LIST =
  '{ tasks(first: 50) { nodes { id ref title status priority tags createdAt updatedAt dueAt version assignee { id name } } } }';

const harness = await openHarness();
try {
  const yoga = await harness.startProgram('bench/plain-yoga.ts');
  await measureLists(harness, yoga);
  await measureClaims(harness, yoga);
} finally {
  await harness.close();
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
