import { createKey, createTask, type Harness, print, quantile } from './harness.js';
import { cpuMs, type Served } from './processes.js';
import { openSubscribers, type Subscribers } from './subscribers.js';

const SUBSCRIBERS = 1_000;
/** Sockets per key. All keys have the same rights, so their subscribers share executions. */
const SUBSCRIBERS_PER_KEY = 100;
const ROUNDS = 5;
const EVENTS = 20;
/** Concurrent requests when events are published as fast as possible. */
const CONCURRENCY = 4;
const CREATED = 'events(filter: { types: ["task.created"] })';
const WATCH = `subscription { ${CREATED} { cursor type at ... on TaskEvent { task { id ref title status priority createdAt } } } }`;
/** Selects only the event itself, so it arrives as soon as the process has the event. */
const PROBE = `subscription { ${CREATED} { cursor } }`;

interface Side {
  readonly served: Served;
  readonly subscribers: Subscribers;
  readonly publish: () => Promise<unknown>;
  /** Messages per event. */
  readonly messages: number;
}

interface Measured {
  readonly oneByOne: number;
  readonly sustained: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
}

/** Compares one event for 1,000 subscribers of one operation with a bare `ws` that broadcasts the same bytes. */
export async function measureFanOut(harness: Harness): Promise<void> {
  const ours = await openOurs(harness);
  const plain = await openPlain(harness, await sampleOf(ours));
  const rounds: [Measured, Measured][] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push([await measure(plain), await measure(ours)]);
  const middle = (side: 0 | 1, of: keyof Measured) =>
    quantile(
      rounds.map((round) => round[side][of]),
      0.5,
    );
  for (const [side, name] of [
    [0, 'bare `ws`'],
    [1, 'subscribers'],
  ] as const) {
    print(
      `| ${name} | ${middle(side, 'oneByOne').toFixed(0)}/s | ${middle(side, 'sustained').toFixed(0)}/s | p50 ${middle(side, 'p50Ms').toFixed(0)} ms, p99 ${middle(side, 'p99Ms').toFixed(0)} ms | ${middle(side, 'cpuUs').toFixed(1)} µs |`,
    );
  }
  const ratio = (of: keyof Measured) =>
    quantile(
      rounds.map(([theirs, own]) => own[of] / theirs[of]),
      0.5,
    ).toFixed(2);
  print(
    `| ratio, median of the rounds | ${ratio('oneByOne')} × | ${ratio('sustained')} × | | ${ratio('cpuUs')} × |`,
  );
  for (const { subscribers } of [ours, plain]) subscribers.close();
}

async function openOurs(harness: Harness): Promise<Side> {
  const served = await harness.startServer();
  const keys: string[] = [];
  for (let i = 0; i <= SUBSCRIBERS / SUBSCRIBERS_PER_KEY; i += 1)
    keys.push(await createKey(served.url, 'role: VIEWER'));
  const subscribers = await openSubscribers(served.url, SUBSCRIBERS + 1, {
    first: (i) => ({
      type: 'connection_init',
      payload: { authorization: `Bearer ${keys[Math.floor(i / SUBSCRIBERS_PER_KEY)]}` },
    }),
    second: (i) => ({
      id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      type: 'subscribe',
      payload: { query: i === 0 ? PROBE : WATCH },
    }),
  });
  return { served, subscribers, publish: () => createTask(served.url), messages: SUBSCRIBERS + 1 };
}

/** The bytes of one message. Publishes repeatedly, because streams that have not begun miss the first events. */
async function sampleOf({ subscribers, publish }: Side): Promise<Uint8Array<ArrayBuffer>> {
  const got = new Set<number>();
  let sample = new Uint8Array(0);
  subscribers.onMessage = (subscriber, _atMs, frame) => {
    got.add(subscriber);
    if (subscriber > 0) sample = Uint8Array.from(frame.subarray(frame.indexOf('{')));
  };
  while (got.size <= SUBSCRIBERS) {
    await publish();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return sample;
}

async function openPlain(harness: Harness, body: Uint8Array<ArrayBuffer>): Promise<Side> {
  const served = await harness.startProgram('bench/plain-ws.ts');
  const subscribers = await openSubscribers(served.url, SUBSCRIBERS, {});
  const publish = () => fetch(served.url, { method: 'POST', body });
  return { served, subscribers, publish, messages: SUBSCRIBERS };
}

async function measure(side: Side): Promise<Measured> {
  const { pid } = side.served;
  const latencies: number[] = [];
  let spreadMs = 0;
  for (let event = 0; event < EVENTS; event += 1) {
    const { sentAtMs, arrivals } = await deliver(side, 1, 1);
    // Measured from the first arrival, the probe, whose query needs nothing but the event.
    spreadMs += Math.max(...arrivals) - Math.min(...arrivals);
    latencies.push(...arrivals.map((atMs) => atMs - sentAtMs));
  }
  const cpu = cpuMs(pid);
  const { sentAtMs, arrivals } = await deliver(side, EVENTS, CONCURRENCY);
  const allMs = Math.max(...arrivals.slice(-SUBSCRIBERS)) - sentAtMs;
  const messages = EVENTS * SUBSCRIBERS;
  return {
    oneByOne: (messages * 1_000) / spreadMs,
    sustained: (messages * 1_000) / allMs,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuUs: ((cpuMs(pid) - cpu) * 1_000) / messages,
  };
}

/** Publishes this many events. Resolves when all subscribers have received all of them. */
async function deliver(side: Side, events: number, concurrency: number) {
  const arrivals: number[] = [];
  const done = new Promise<void>((resolve) => {
    side.subscribers.onMessage = (_subscriber, atMs) => {
      if (arrivals.push(atMs) === events * side.messages) resolve();
    };
  });
  const sentAtMs = performance.now();
  let left = events;
  const keepPublishing = async () => {
    while (left > 0) {
      left -= 1;
      await side.publish();
    }
  };
  await Promise.all([done, ...Array.from({ length: concurrency }, keepPublishing)]);
  return { sentAtMs, arrivals };
}
