import { describe, expect, it } from 'vitest';
import { FairQueue, type FairQueueLimits, type Place } from '../../src/kernel/fair-queue.js';

const neverAborted = new AbortController().signal;

function setUp(limits: Partial<FairQueueLimits> = {}) {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const queue = new FairQueue(
    { perKey: 2, total: 4, waitingPerKey: 3, waitMs: 1_000, ...limits },
    clock,
    (reason) => new Error(reason),
  );
  /** The names of the work that has begun, in order. */
  const begun: string[] = [];
  const places = new Map<string, Place>();
  const begin = async (name: string, signal = neverAborted) => {
    const key = name[0]!;
    const place = queue.enter(key) ?? (await queue.wait(key, signal));
    begun.push(name);
    places.set(name, place);
  };
  const end = async (name: string) => {
    places.get(name)!.leave();
    await new Promise(setImmediate);
  };
  return { clock, queue, begun, begin, end, places };
}

/** Begins work, named by its key and a number, and gives it the time to begin. */
async function all(beginnings: readonly Promise<void>[]): Promise<void> {
  for (const each of beginnings) each.catch(() => undefined);
  await new Promise(setImmediate);
}

describe('the work of one key', () => {
  it('runs up to its limit, and more of it waits for a place in the order of its arrival', async () => {
    const { begin, begun, end } = setUp();
    await all(['a1', 'a2', 'a3', 'a4'].map((name) => begin(name)));
    expect(begun).toEqual(['a1', 'a2']);
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('does not delay that of another', async () => {
    const { begin, begun } = setUp();
    await all(['a1', 'a2', 'a3', 'b1'].map((name) => begin(name)));
    expect(begun).toEqual(['a1', 'a2', 'b1']);
  });

  it('is refused if too much of it waits', async () => {
    const { begin, queue } = setUp();
    await all(['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => begin(name)));
    await expect(begin('a6')).rejects.toThrow('full');
    expect(queue.enter('b')).toBeDefined();
  });

  it('is refused after it has waited too long', async () => {
    const { begin, clock, begun, end } = setUp({ waitMs: 20 });
    await all([begin('a1'), begin('a2')]);
    const waiting = begin('a3');
    clock.nowMs = 21;
    await expect(waiting).rejects.toThrow('overdue');
    await end('a1');
    expect(begun).toEqual(['a1', 'a2']);
    await begin('a4');
  });

  it('whose caller has gone is left out', async () => {
    const { begin, begun, end } = setUp();
    const client = new AbortController();
    await all([begin('a1'), begin('a2'), begin('a3', client.signal), begin('a4')]);
    client.abort();
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'a4']);
  });

  it('does not count while it has left its place, and counts again afterwards', async () => {
    const { begin, begun, places, queue } = setUp();
    await all(['a1', 'a2', 'a3'].map((name) => begin(name)));
    places.get('a1')!.leave();
    await new Promise(setImmediate);
    expect(begun).toEqual(['a1', 'a2', 'a3']);
    places.get('a1')!.retake();
    places.get('a2')!.leave();
    expect(queue.enter('a')).toBeUndefined();
    // Leaving twice gives one place.
    places.get('a1')!.leave();
    places.get('a1')!.leave();
    expect(queue.enter('a')).toBeDefined();
    expect(queue.enter('a')).toBeUndefined();
  });

  it('waits for its turn where it joins again', async () => {
    const { begin, begun, places, queue, end } = setUp();
    await all(['a1', 'a2', 'a3'].map((name) => begin(name)));
    const first = places.get('a1')!;
    first.leave();
    await new Promise(setImmediate);
    expect(begun).toEqual(['a1', 'a2', 'a3']);
    let isBack = false;
    const rejoined = first.rejoin().then(() => {
      isBack = true;
    });
    await new Promise(setImmediate);
    expect(isBack).toBe(false);
    await end('a2');
    await rejoined;
    expect(queue.enter('a')).toBeUndefined();
    first.leave();
    expect(queue.enter('a')).toBeDefined();
  });
});

describe('the work of several keys', () => {
  it('takes turns if there is no place for all, however much of one key waits', async () => {
    const { begin, begun, end } = setUp({ total: 2, waitingPerKey: 10 });
    await all(['x1', 'x2', 'a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map((name) => begin(name)));
    expect(begun).toEqual(['x1', 'x2']);
    await end('x1');
    await end('x2');
    expect(begun.slice(2)).toEqual(['a1', 'b1']);
    await end('a1');
    await end('b1');
    expect(begun.slice(4)).toEqual(['c1', 'a2']);
    await end('c1');
    await end('a2');
    expect(begun.slice(6)).toEqual(['b2', 'a3']);
  });

  it('is forgotten when it has ended', async () => {
    const { begin, end, queue } = setUp();
    await all(['a1', 'b1', 'a2', 'a3'].map((name) => begin(name)));
    for (const name of ['a1', 'b1', 'a2', 'a3']) await end(name);
    expect(queue.size).toBe(0);
  });
});
