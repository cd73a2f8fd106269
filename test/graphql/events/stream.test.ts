import { describe, expect, it } from 'vitest';
import type { GraphqlContext } from '../../../src/graphql/context.js';
import { createStream, StreamEnd } from '../../../src/graphql/events/stream.js';
import { PullStream, type Take } from '../../../src/kernel/pull-stream.js';

/** Gives a pushed item to the reader that waits for it. */
class Source extends PullStream<number> {
  isClosed = false;
  #take: Take<number> = () => undefined;

  pull(take: Take<number>): void {
    this.#take = take;
  }

  push(value: number): void {
    this.#take({ done: false, value });
  }

  async return() {
    this.isClosed = true;
    this.#take({ done: true, value: undefined });
    return { done: true as const, value: undefined };
  }
}

function setUp(toItems: (input: number) => readonly string[] | null | Promise<readonly string[] | null>) {
  const from = new Source();
  let endKey: () => void = () => undefined;
  const watchKey = (_keyId: string, onEnd: () => void) => {
    endKey = onEnd;
    return () => undefined;
  };
  const context = { viewer: { keyId: 'key' }, feed: { watchKey }, signal: new AbortController().signal };
  const source = createStream(context as never as GraphqlContext, { from, toItems });
  const stream = source[Symbol.asyncIterator]();
  return { from, stream, endKey: () => endKey() };
}

const done = { done: true, value: undefined };
const codeOf = ({ value }: IteratorResult<unknown>) =>
  value instanceof StreamEnd && (value.error as { extensions?: { code: string } }).extensions?.code;

describe('a stream of items', () => {
  it('answers in the same tick if it has to wait for nothing', () => {
    const { from, stream } = setUp((input) => (input === 1 ? [] : ['a', 'b']));
    const got: unknown[] = [];
    const take = (result: IteratorResult<unknown>) => {
      got.push(result.value);
      stream.pull(take, () => undefined);
    };
    stream.pull(take, () => undefined);
    from.push(1);
    expect(got).toEqual([]);
    from.push(2);
    expect(got).toEqual(['a', 'b']);
  });

  it.each([
    [
      'at once',
      () => {
        throw new Error('broken');
      },
    ],
    ['later', () => Promise.reject(new Error('broken'))],
  ])('ends when its items cannot be loaded, %s, and does not throw into the feed', async (_when, toItems) => {
    const { from, stream } = setUp(toItems);
    const next = stream.next();
    expect(() => from.push(1)).not.toThrow();
    expect((await next).value).toBeInstanceOf(StreamEnd);
    expect([from.isClosed, await stream.next()]).toEqual([true, done]);
  });

  it('reports the end of its key to a waiting reader and to one whose items are being loaded', async () => {
    let found: (items: string[]) => void = () => undefined;
    const toItems = () =>
      new Promise<string[]>((resolve) => {
        found = resolve;
      });
    const [waiting, finding] = [setUp(toItems), setUp(toItems)];
    const nexts = [waiting.stream.next(), finding.stream.next()];
    finding.from.push(1);
    for (const { endKey } of [waiting, finding]) endKey();
    found(['a']);
    for (const next of nexts) expect(codeOf(await next)).toBe('UNAUTHENTICATED');
    for (const { stream } of [waiting, finding]) expect(await stream.next()).toEqual(done);
  });
});
