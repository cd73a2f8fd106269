import { runCycles } from './cycles.js';
import { type Harness, openHarness, print, quantile } from './harness.js';
import { cpuUs } from './processes.js';
import { addTasks, finishAll, openCrews } from './queue.js';
import { CYCLES, type Cycle } from './verbs.js';

// npm run bench:versions -- <folder of another built checkout>
// Compares the processor time that Node takes for a request in this version and in the other one. Processor time hardly depends on
// what else the machine does, and short rounds in the order a b b a cancel what changes slowly. Each start compiles the code in
// another way, so there are several.

const STARTS = 4;
const WARM_UP = 40;
const ROUNDS = 60;
const CLIENTS = 8;
const REQUESTS_PER_CLIENT = 10;
/** An agent has a capacity of 100 tasks, so claims are finished and replaced after this many rounds. */
const ROUNDS_PER_CROP = 4;

const KINDS: Readonly<Record<string, Cycle>> = {
  'list of 50': (_agent, operator) => CYCLES['list of 50'](operator),
  claim: CYCLES.claim,
};

type Side = Awaited<ReturnType<typeof openSide>>;

const [other] = process.argv.slice(2);
if (other === undefined) throw new Error('give the folder of another built checkout');
const found = new Map<string, [number, number][]>(Object.keys(KINDS).map((name) => [name, []]));
for (let start = 0; start < STARTS; start += 1) {
  const harness = await openHarness();
  try {
    const sides = [await openSide(harness, '.'), await openSide(harness, other)] as const;
    for (const [name, cycle] of Object.entries(KINDS)) {
      const rounds = await compare(sides, cycle, name === 'claim');
      report(`start ${start + 1}, ${name}`, rounds);
      found.get(name)?.push(...rounds);
    }
  } finally {
    await harness.close();
  }
}
for (const [name, rounds] of found) report(name, rounds);

/** A server with agents and a thousand assigned tasks. */
async function openSide(harness: Harness, checkout: string) {
  const { url, pool } = await harness.createDatabase();
  const server = await harness.startServer(url, checkout);
  const crews = await openCrews(server, CLIENTS);
  await addTasks(pool, 1_000);
  await pool.query("UPDATE tasks SET status = 'ASSIGNED', assignee_id = (SELECT min(id) FROM agents)");
  return { server, pool, crews };
}

/** The microseconds of each side for a request, in each round. */
async function compare(
  [ours, theirs]: readonly [Side, Side],
  cycle: Cycle,
  takesTasks: boolean,
): Promise<[number, number][]> {
  const rounds: [number, number][] = [];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    if (takesTasks && round % ROUNDS_PER_CROP === 0)
      for (const side of [ours, theirs]) await replaceTasks(side);
    const first = await measure(ours, cycle);
    const pair = (await measure(theirs, cycle)) + (await measure(theirs, cycle));
    const last = await measure(ours, cycle);
    if (round >= 0) rounds.push([(first + last) / 2, pair / 2]);
  }
  return rounds;
}

async function measure({ server, crews }: Side, cycle: Cycle): Promise<number> {
  const before = cpuUs(server.pid);
  await runCycles(crews, REQUESTS_PER_CLIENT, cycle);
  return (cpuUs(server.pid) - before) / (CLIENTS * REQUESTS_PER_CLIENT);
}

async function replaceTasks({ pool }: Side): Promise<void> {
  await finishAll(pool);
  await addTasks(pool, CLIENTS * 100);
}

function report(what: string, rounds: readonly [number, number][]): void {
  const middle = (values: readonly number[], q = 0.5) => quantile(values, q);
  const [ours, theirs] = [middle(rounds.map(([us]) => us)), middle(rounds.map(([, them]) => them))];
  const ratios = rounds.map(([us, them]) => us / them);
  const quartiles = `${middle(ratios, 0.25).toFixed(2)} to ${middle(ratios, 0.75).toFixed(2)}`;
  print(
    `| ${what} | ${ours.toFixed(0)} µs | ${theirs.toFixed(0)} µs | ${middle(ratios).toFixed(3)} × | quartiles ${quartiles} |`,
  );
}
