import { describe, expect, it } from 'vitest';
import { type Joins, singleFlight } from '../../src/kernel/single-flight.js';

/** Runs that end when the test says so. */
function manualRuns(joins?: Joins) {
  const ends: { resolve(value: number): void; reject(error: Error): void }[] = [];
  const run = singleFlight(
    () => new Promise<number>((resolve, reject) => ends.push({ resolve, reject })),
    joins,
  );
  return { run, ends };
}

/** Waits until all microtasks have run: everything has happened that needs no other run to end. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('single-flight work', () => {
  it.each([undefined, 'next'] as const)(
    'runs again for a call when none is under way (%s)',
    async (joins) => {
      const { run, ends } = manualRuns(joins);
      const first = run();
      ends[0]?.resolve(1);
      await first;
      const second = run();
      ends[1]?.resolve(2);
      expect(await second).toBe(2);
    },
  );

  it('answers all calls during a run with that run, also with its failure', async () => {
    const { run, ends } = manualRuns();
    const calls = [run(), run(), run()];
    ends[0]?.reject(new Error('broken'));
    for (const call of calls) await expect(call).rejects.toThrow('broken');
    const later = run();
    ends[1]?.resolve(2);
    expect([await later, ends.length]).toEqual([2, 2]);
  });
});

describe('single-flight work whose calls join the next run', () => {
  it('answers all calls during a run with one further run, which begins after it', async () => {
    const { run, ends } = manualRuns('next');
    const first = run();
    const later = [run(), run(), run()];
    await settled();
    expect(ends).toHaveLength(1);
    ends[0]?.resolve(1);
    expect(await first).toBe(1);
    await settled();
    expect(ends).toHaveLength(2);
    const evenLater = run();
    ends[1]?.resolve(2);
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    await settled();
    ends[2]?.resolve(3);
    expect(await evenLater).toBe(3);
    expect(ends).toHaveLength(3);
  });

  it('starts no second run at once for a call that comes just when a run has ended', async () => {
    const { run, ends } = manualRuns('next');
    const first = run();
    const next = run();
    const between = first.then(() => run());
    ends[0]?.resolve(1);
    await settled();
    expect(ends).toHaveLength(2);
    ends[1]?.resolve(2);
    expect(await Promise.all([next, between])).toEqual([2, 2]);
  });

  it('lets a failure reach only the calls whose run failed', async () => {
    const { run, ends } = manualRuns('next');
    const first = run();
    const second = run();
    ends[0]?.reject(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await settled();
    ends[1]?.resolve(2);
    expect(await second).toBe(2);
  });
});
