import { expect, it } from 'vitest';
import { createTurns } from '../../src/kernel/turns.js';

it('pieces of long work let other work run between them, in their order', async () => {
  const next = createTurns();
  const done: string[] = [];
  const work = async (name: string) => {
    await next();
    done.push(name);
    setImmediate(() => done.push('other'));
  };
  await Promise.all([work('first'), work('second'), work('third')]);
  expect(done.filter((name) => name !== 'other')).toEqual(['first', 'second', 'third']);
  expect(done.slice(0, 3)).toEqual(['first', 'other', 'second']);
});
