import { describe, expect, it } from 'vitest';
import { FairQueue, type FairQueueLimits } from '../../src/server/fair-queue.js';

const neverAborted = new AbortController().signal;

function setUp(limits: Partial<FairQueueLimits> = {}) {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const queue = new FairQueue({ perKey: 2, total: 4, waitingPerKey: 3, waitMs: 1_000, ...limits }, clock);
  /** The operations that have begun, in order. */
  const begun: string[] = [];
  const places = new Map<string, { leave(): void; retake(): void }>();
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

/** Begins operations, named by their key and a number, and gives those that may begin the time to do so. */
async function all(beginnings: readonly Promise<void>[]): Promise<void> {
  for (const each of beginnings) each.catch(() => undefined);
  await new Promise(setImmediate);
}

describe('the operations of one key', () => {
  it('run up to their limit, and further ones wait for a place in the order of their arrival', async () => {
    const { begin, begun, end } = setUp();
    await all(['a1', 'a2', 'a3', 'a4'].map((name) => begin(name)));
    expect(begun).toEqual(['a1', 'a2']);
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('do not delay those of another', async () => {
    const { begin, begun } = setUp();
    await all(['a1', 'a2', 'a3', 'b1'].map((name) => begin(name)));
    expect(begun).toEqual(['a1', 'a2', 'b1']);
  });

  it('are refused if too many wait', async () => {
    const { begin, queue } = setUp();
    await all(['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => begin(name)));
    await expect(begin('a6')).rejects.toMatchObject({
      message: expect.stringContaining('3 more wait'),
      extensions: { code: 'RATE_LIMITED', http: { status: 429, headers: { 'retry-after': '1' } } },
    });
    expect(queue.enter('b')).toBeDefined();
  });

  it('are refused after they have waited too long', async () => {
    const { begin, clock, begun, end } = setUp({ waitMs: 20 });
    await all([begin('a1'), begin('a2')]);
    const waiting = begin('a3');
    clock.nowMs = 21;
    await expect(waiting).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
    await end('a1');
    expect(begun).toEqual(['a1', 'a2']);
    await begin('a4');
  });

  it('that have lost their client are left out', async () => {
    const { begin, begun, end } = setUp();
    const client = new AbortController();
    await all([begin('a1'), begin('a2'), begin('a3', client.signal), begin('a4')]);
    client.abort();
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'a4']);
  });

  it('do not count while they have left their place, and count again afterwards', async () => {
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
});

describe('the operations of several keys', () => {
  it('take turns if there is no place for all, however many of one key wait', async () => {
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

  it('are forgotten when they have ended', async () => {
    const { begin, end, queue } = setUp();
    await all(['a1', 'b1', 'a2', 'a3'].map((name) => begin(name)));
    for (const name of ['a1', 'b1', 'a2', 'a3']) await end(name);
    expect(queue.size).toBe(0);
  });
});
