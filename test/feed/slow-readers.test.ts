import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EVENT_TYPES } from '../../src/domain/events/event-types.js';
import type { Feed, LogEntry } from '../../src/feed/hub.js';
import { StreamInterrupted } from '../../src/feed/stream-interrupted.js';
import { createItemSource } from '../../src/kernel/item-source.js';
import type { Stage } from '../../src/kernel/item-stream.js';
import { collect, createLogFixture, type LogFixture, messages } from './log-fixture.js';
import { usedMemory } from './memory.js';

let log: LogFixture;

beforeAll(async () => {
  log = await createLogFixture();
});

afterAll(() => log.close());

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`);
const burst = (from: number, to: number) =>
  log.append(...range(from, to).map((message) => ({ payload: { message } })));

/** Returns a function that waits until the process has delivered exactly this many entries. */
function watchArrivals(feed: Feed) {
  let arrived = 0;
  feed.onEntries(EVENT_TYPES, (entries) => {
    arrived += entries.length;
  });
  return (count: number) => vi.waitFor(() => expect(arrived).toBe(count), { timeout: 20_000, interval: 5 });
}

/** A stream whose reader has taken one chunk, so that it is live, and takes no more. */
async function aStalledReader(feed: Feed) {
  const stream = await feed.subscribe({});
  const first = stream.next();
  await log.append({ payload: { message: 'hello' } });
  expect(messages((await first).value ?? [])).toEqual(['hello']);
  return stream;
}

describe('a reader that is slower than the events', () => {
  it('is closed when it takes nothing, with a cursor for exactly the remaining events', async () => {
    const { feed } = await log.startProcess({ queueSize: 10, stallTimeoutMs: 0 });
    const arrived = watchArrivals(feed);
    const stream = await aStalledReader(feed);
    await burst(0, 50);
    await arrived(51);
    const failure: unknown = await stream.next().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StreamInterrupted);
    const { code, cursor } = failure as StreamInterrupted;
    expect(code).toBe('SUBSCRIBER_TOO_SLOW');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    const resumed = await collect(feed, { after: await feed.locate(cursor) });
    await resumed.has(50);
    expect(messages(resumed.entries)).toEqual(range(0, 50));
  });

  it('is not closed for the time in which the database was unavailable', async () => {
    let nowMs = 0;
    const { feed, database, signals } = await log.startProcess(
      { queueSize: 10, stallTimeoutMs: 60_000 },
      { now: () => nowMs },
    );
    const arrived = watchArrivals(feed);
    const stream = await aStalledReader(feed);
    await burst(0, 50);
    await arrived(51);
    const names = () => signals.map(({ name }) => name);
    const { pool } = database;
    const query = pool.query.bind(pool);
    const unlessRead = (...args: [{ name?: string }]) =>
      args[0].name?.startsWith('read_log')
        ? Promise.reject(Object.assign(new Error('shutting down'), { code: '57P01' }))
        : Reflect.apply(query, pool, args);
    Object.assign(pool, { query: unlessRead });
    await burst(50, 51);
    await vi.waitFor(() => expect(names()).toContain('database.lost'), 20_000);
    nowMs = 60_000;
    Object.assign(pool, { query });
    await arrived(52);
    expect(messages((await stream.next()).value ?? [])).toEqual(range(0, 51));
    await stream.return?.();
  });

  it('is closed at the first new entry after its queue has overflowed and its timeout has passed', async () => {
    let nowMs = 0;
    const { feed } = await log.startProcess({ queueSize: 10, stallTimeoutMs: 60_000 }, { now: () => nowMs });
    const arrived = watchArrivals(feed);
    const stream = await aStalledReader(feed);
    await burst(0, 50);
    await arrived(51);
    nowMs += 60_000;
    await burst(50, 51);
    await arrived(52);
    await expect(stream.next()).rejects.toMatchObject({ code: 'SUBSCRIBER_TOO_SLOW' });
  });

  it('is not closed because the process itself stood still', async () => {
    let nowMs = 0;
    const clock = { now: () => nowMs };
    const { feed } = await log.startProcess({ queueSize: 10, stallTimeoutMs: 60_000 }, clock, clock);
    const arrived = watchArrivals(feed);
    const stream = await aStalledReader(feed);
    await burst(0, 50);
    await arrived(51);
    nowMs += 3_600_000;
    await burst(50, 51);
    await arrived(52);
    expect(messages((await stream.next()).value ?? [])).toEqual(range(0, 51));
  });

  it('gets all entries in order when it reads again after its queue has overflowed', async () => {
    const { feed } = await log.startProcess({ queueSize: 10, stallTimeoutMs: 60_000 });
    const arrived = watchArrivals(feed);
    const stream = await aStalledReader(feed);
    await burst(0, 700);
    await arrived(701);
    const got: LogEntry[] = [];
    while (got.length < 700) got.push(...((await stream.next()).value ?? []));
    expect(messages(got)).toEqual(range(0, 700));
    const live = stream.next();
    await burst(700, 701);
    expect(messages((await live).value ?? [])).toEqual(['700']);
  });

  it('needs little memory and does not delay others', async () => {
    const { feed } = await log.startProcess({ queueSize: 1_000, stallTimeoutMs: 60_000 });
    const silent = await Promise.all(Array.from({ length: 20 }, () => feed.subscribe({})));
    const firsts = silent.map((stream) => stream.next());
    const arrived = watchArrivals(feed);
    await log.append({});
    await Promise.all(firsts);
    const before = usedMemory();
    const total = 10_000;
    for (let i = 0; i < total; i += 1_000) await burst(i, i + 1_000);
    await arrived(total + 1);
    // Without limits each of the twenty readers would hold ten thousand entries: more than a hundred megabytes.
    await vi.waitFor(() => expect(usedMemory() - before).toBeLessThan(20_000_000), 20_000);
  });

  it('is not closed while no new entry matches its filter', async () => {
    let nowMs = 0;
    const { feed } = await log.startProcess({ queueSize: 1, stallTimeoutMs: 1 }, { now: () => nowMs });
    const arrived = watchArrivals(feed);
    const stream = await feed.subscribe({ filter: { types: ['key.created'] } });
    const first = stream.next();
    await log.append({ type: 'key.created' });
    await first;
    nowMs += 1_000;
    await burst(0, 100);
    await arrived(101);
    const next = stream.next();
    await log.append({ type: 'key.created' });
    expect((await next).value).toHaveLength(1);
  });

  it('is not closed while it waits for what is made of an entry, however long that takes', async () => {
    let nowMs = 0;
    const { feed } = await log.startProcess({ queueSize: 10, stallTimeoutMs: 1_000 }, { now: () => nowMs });
    const arrived = watchArrivals(feed);
    const held: (() => void)[] = [];
    const stage: Stage<LogEntry, LogEntry> = {
      pass: (entry, give) => void held.push(() => give(entry)),
      toError: (error) => error,
      close: () => undefined,
    };
    const from = await feed.subscribe({});
    const stream = createItemSource<readonly LogEntry[], LogEntry>({ from, toItems: (page) => page }).open(
      stage,
    );
    const got: LogEntry[] = [];
    let next = stream.next();
    await burst(0, 3);
    for (let count = 1; count <= 53; count += 1) {
      await vi.waitFor(() => expect(held).toHaveLength(1), 20_000);
      // The events of a page take longer than a reader may rest, and others come meanwhile.
      nowMs += 2_000;
      if (count === 1) await burst(3, 53).then(() => arrived(53));
      held.pop()?.();
      got.push((await next).value as LogEntry);
      next = stream.next();
    }
    expect(messages(got)).toEqual(range(0, 53));
    await stream.return();
  });
});
