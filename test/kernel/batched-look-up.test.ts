import { describe, expect, it } from 'vitest';
import { createBatchedLookUp } from '../../src/kernel/batched-look-up.js';

/** A look-up whose loads end when the test ends them. */
function aLookUp({ batch = 3, maxWaiting = 100 } = {}) {
  const loads: { keys: readonly number[]; end: (error?: Error) => void }[] = [];
  const lookUp = createBatchedLookUp<number, string>({
    load: (keys) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) =>
          error ? reject(error) : resolve(keys.map((key) => (key < 0 ? null : `found ${key}`)));
        loads.push({ keys, end });
      }),
    batch,
    maxWaiting,
  });
  return { lookUp, loads };
}

describe('a batched look-up', () => {
  it('loads a single key at once', async () => {
    const { lookUp, loads } = aLookUp();
    const found = lookUp(1);
    expect(loads.map(({ keys }) => keys)).toEqual([[1]]);
    loads[0]?.end();
    expect(await found).toBe('found 1');
  });

  it('loads the keys that arrive meanwhile together, one load at a time, in the order of arrival', async () => {
    const { lookUp, loads } = aLookUp();
    const found = [1, 2, 3, -4, 5].map(lookUp);
    expect(loads).toHaveLength(1);
    loads[0]?.end();
    await expect.poll(() => loads.length).toBe(2);
    loads[1]?.end();
    await expect.poll(() => loads.length).toBe(3);
    loads[2]?.end();
    expect(await Promise.all(found)).toEqual(['found 1', 'found 2', 'found 3', null, 'found 5']);
    expect(loads.map(({ keys }) => keys)).toEqual([[1], [2, 3, -4], [5]]);
  });

  it('fails only for the keys of the load that fails', async () => {
    const { lookUp, loads } = aLookUp();
    const [first, second] = [lookUp(1), lookUp(2)];
    loads[0]?.end(new Error('no connection'));
    await expect(first).rejects.toThrow('no connection');
    await expect.poll(() => loads.length).toBe(2);
    loads[1]?.end();
    expect(await second).toBe('found 2');
  });

  it('refuses more callers than may wait', async () => {
    const { lookUp, loads } = aLookUp({ maxWaiting: 1 });
    const [first, second] = [lookUp(1), lookUp(2)];
    await expect(lookUp(3)).rejects.toThrow('Too many look-ups are waiting: retry soon.');
    loads[0]?.end();
    await expect.poll(() => loads.length).toBe(2);
    loads[1]?.end();
    expect(await Promise.all([first, second])).toEqual(['found 1', 'found 2']);
  });
});
