import { expect, it } from 'vitest';
import { Turns } from '../../src/kernel/turns.js';

async function work(turns: Turns, key: string, names: readonly string[]): Promise<string[]> {
  const done: string[] = [];
  const begin = async (name: string) => {
    await turns.next(key);
    done.push(name);
    setImmediate(() => done.push('other'));
  };
  await Promise.all(names.map(begin));
  return done;
}

it('pieces of long work of a key let other work run between them, in their order', async () => {
  const done = await work(new Turns(), 'key', ['first', 'second', 'third']);
  expect(done.filter((name) => name !== 'other')).toEqual(['first', 'second', 'third']);
  expect(done.slice(0, 3)).toEqual(['first', 'other', 'second']);
});

it('keys take turns with each other, and later work gets its turn as well', async () => {
  const turns = new Turns();
  const done: string[] = [];
  const begin = async (key: string, name: string) => {
    await turns.next(key);
    done.push(name);
  };
  await Promise.all([
    begin('a', 'a1'),
    begin('a', 'a2'),
    begin('a', 'a3'),
    begin('b', 'b1'),
    begin('c', 'c1'),
  ]);
  expect(done).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  await begin('a', 'a4');
  expect(done.at(-1)).toBe('a4');
});

it('a key whose work took long waits for its turn as long again, and others do not', async () => {
  const turns = new Turns();
  turns.charge('short', 1);
  turns.charge('long', 20);
  expect(['short', 'long', 'other'].map((key) => turns.isBusy(key))).toEqual([false, true, false]);
  await expect.poll(() => turns.isBusy('long')).toBe(false);
});
