import { describe, expect, it } from 'vitest';
import { shareReads } from '../../src/kernel/single-flight.js';

/** Reads that the test ends itself. */
function manualReads() {
  const ends: { resolve(value: number): void; reject(error: Error): void }[] = [];
  const read = shareReads(() => new Promise<number>((resolve, reject) => ends.push({ resolve, reject })));
  return { read, ends };
}

/** Waits until all pending promise callbacks have run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('shared reads', () => {
  it('answers all calls during a read with one further read, which begins after it', async () => {
    const { read, ends } = manualReads();
    const first = read();
    const later = [read(), read(), read()];
    await settled();
    expect(ends).toHaveLength(1);
    ends[0]?.resolve(1);
    expect(await first).toBe(1);
    await settled();
    expect(ends).toHaveLength(2);
    const evenLater = read();
    ends[1]?.resolve(2);
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    await settled();
    ends[2]?.resolve(3);
    expect(await evenLater).toBe(3);
    expect(ends).toHaveLength(3);
  });

  it('starts a read for a call while no read is running', async () => {
    const { read, ends } = manualReads();
    const first = read();
    ends[0]?.resolve(1);
    await first;
    const second = read();
    ends[1]?.resolve(2);
    expect(await second).toBe(2);
  });

  it('reports a failure only to the callers of the failed read', async () => {
    const { read, ends } = manualReads();
    const first = read();
    const second = read();
    ends[0]?.reject(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await settled();
    ends[1]?.resolve(2);
    expect(await second).toBe(2);
  });
});
