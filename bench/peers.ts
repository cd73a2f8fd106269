import { runCycles } from './cycles.js';
import { type Harness, openHarness, print, quantile } from './harness.js';
import { addTasks, openCrews } from './queue.js';
import { CREATE_MANY, CYCLES, type Cycle, claimAndComplete, createHandIns } from './verbs.js';

// Compares with other queues on the same PostgreSQL, in turns. Their packages are installed in bench/peers.

const ROUNDS = 5;
const WARM_UP = 2;

/** Jobs of one measurement. */
const JOBS = 960;

/** Callers that add jobs, and the connections of each of the other queues. */
const CALLERS = 16;

/** Jobs of one call in the best mode of each queue. */
const MANY = 80;

/**
 * How jobs are taken and ended: one at a time; the best mode of each queue; one at a time, where only Mission Control hands in and
 * takes the next with one request; or one at a time, where a task of Mission Control is also approved.
 */
type Mode = 'one' | 'best' | 'hand-in' | 'verdict';

/** The longest time of one measurement. A queue that has lost jobs would wait for them for ever. */
const MAX_MS = 120_000;

/** A queue that is compared. Each function returns the jobs a second. */
interface Contender {
  addOneByOne(): Promise<number>;
  addInBulk(): Promise<number>;
  work(workers: number, mode: Mode): Promise<number>;
  close(): Promise<void> | void;
}

/** What the files in bench/peers open. */
interface Peer {
  addOne(): Promise<unknown>;
  addMany(count: number): Promise<unknown>;
  work(count: number, workers: number, isBest: boolean): Promise<number>;
  close(): Promise<void>;
}

const ROWS: Readonly<Record<string, (contender: Contender) => Promise<number>>> = {
  [`add one by one, ${CALLERS} callers`]: (contender) => contender.addOneByOne(),
  [`add ${MANY} in one call`]: (contender) => contender.addInBulk(),
  'take and end one at a time, 10 workers': (contender) => contender.work(10, 'one'),
  'take and end one at a time, 32 workers': (contender) => contender.work(32, 'one'),
  'take and end in the best mode, 10 workers': (contender) => contender.work(10, 'best'),
  'hand in and take the next, 10 workers': (contender) => contender.work(10, 'hand-in'),
  'hand in and take the next, 32 workers': (contender) => contender.work(32, 'hand-in'),
  'take, end and approve, 10 workers': (contender) => contender.work(10, 'verdict'),
};

const harness = await openHarness();
try {
  const contenders = new Map([['Mission Control', await openOurs(harness)]]);
  for (const name of ['graphile-worker', 'pg-boss', 'raw-pg'])
    contenders.set(name, await openPeer(harness, name));
  for (const [row, run] of Object.entries(ROWS)) await compare(row, run, contenders);
  for (const contender of contenders.values()) await contender.close();
} finally {
  await harness.close();
}

async function compare(
  row: string,
  run: (contender: Contender) => Promise<number>,
  contenders: ReadonlyMap<string, Contender>,
): Promise<void> {
  const rates = new Map<string, number[]>([...contenders.keys()].map((name) => [name, []]));
  for (let round = -WARM_UP; round < ROUNDS; round += 1)
    for (const [name, contender] of contenders) {
      const rate = await within(`${row}, ${name}`, run(contender));
      if (round >= 0) rates.get(name)?.push(rate);
    }
  const [ours = []] = rates.values();
  for (const [name, theirs] of rates) {
    const ratio = quantile(
      ours.map((rate, i) => rate / (theirs[i] ?? Number.NaN)),
      0.5,
    );
    print(`| ${row} | ${name} | ${quantile(theirs, 0.5).toFixed(0)}/s | ${ratio.toFixed(2)} × |`);
  }
}

/** @throws Error if the measurement takes too long. */
async function within(what: string, measurement: Promise<number>): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no result after ${MAX_MS / 1_000} s`)), MAX_MS);
  });
  try {
    return await Promise.race([measurement, overdue]);
  } finally {
    clearTimeout(timer);
  }
}

async function openOurs(harness: Harness): Promise<Contender> {
  const { url, pool } = await harness.createDatabase();
  const crews = await openCrews(await harness.startServer(url), 32);
  const rateOf = async (cycles: Promise<{ readonly perSecond: number }>) => (await cycles).perSecond;
  return {
    addOneByOne: () => rateOf(runCycles(crews.slice(0, CALLERS), JOBS / CALLERS, CYCLES.createTask)),
    async addInBulk() {
      const cycles = runCycles(crews.slice(0, 4), JOBS / MANY / 4, (_agent, operator) =>
        operator.ask(CREATE_MANY, { inputs: Array(MANY).fill({ title: 'A task of the benchmark' }) }),
      );
      return MANY * (await rateOf(cycles));
    },
    async work(workers, mode) {
      // With hand-ins each worker holds one more when the measurement ends.
      await addTasks(pool, JOBS + workers);
      return rateOf(runCycles(crews.slice(0, workers), JOBS / workers, cycleOf(mode)));
    },
    close() {
      for (const { agent, operator } of crews) for (const client of [agent, operator]) client.close();
    },
  };
}

function cycleOf(mode: Mode): Cycle {
  if (mode === 'one') return claimAndComplete;
  return mode === 'verdict' ? CYCLES['claim + complete + verdict'] : createHandIns();
}

async function openPeer(harness: Harness, name: string): Promise<Contender> {
  const { url } = await harness.createDatabase();
  const file = `./peers/${name}.js`;
  const { open } = (await import(file)) as { open(url: string, connections: number): Promise<Peer> };
  const peer = await open(url, CALLERS);
  const timed = async (jobs: number, work: () => Promise<unknown>) => {
    const begun = performance.now();
    await work();
    return (jobs * 1_000) / (performance.now() - begun);
  };
  const times = async (count: number, work: () => Promise<unknown>) => {
    for (let i = 0; i < count; i += 1) await work();
  };
  let waiting = 0;
  const added = async (work: () => Promise<unknown>) => {
    waiting += JOBS;
    return timed(JOBS, work);
  };
  return {
    addOneByOne: () =>
      added(() =>
        Promise.all(Array.from({ length: CALLERS }, () => times(JOBS / CALLERS, () => peer.addOne()))),
      ),
    addInBulk: () =>
      added(() =>
        Promise.all(Array.from({ length: 4 }, () => times(JOBS / MANY / 4, () => peer.addMany(MANY)))),
      ),
    async work(workers, mode) {
      if (waiting < JOBS) {
        await peer.addMany(JOBS - waiting);
        waiting = JOBS;
      }
      waiting -= JOBS;
      return peer.work(JOBS, workers, mode === 'best');
    },
    close: () => peer.close(),
  };
}
