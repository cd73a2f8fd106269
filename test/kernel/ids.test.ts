import { expect, it } from 'vitest';
import { firstIdAt, isId, newId } from '../../src/kernel/ids.js';

it('the first id of a time sorts after all ids of earlier times, and before all of its own', () => {
  const before = Date.now();
  const id = newId('run');
  expect(firstIdAt('run', before) <= id).toBe(true);
  expect(firstIdAt('run', Date.now() + 1) > id).toBe(true);
  expect(isId('run', firstIdAt('run', before))).toBe(true);
  expect(firstIdAt('run', 0)).toBe(`run_${'0'.repeat(26)}`);
});
