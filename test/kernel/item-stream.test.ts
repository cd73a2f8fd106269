import { describe, expect, it } from 'vitest';
import { createItemSource, toItemSource } from '../../src/kernel/item-source.js';
import type { Stage } from '../../src/kernel/item-stream.js';
import { PullStream, type Take } from '../../src/kernel/pull-stream.js';

const done = { done: true as const, value: undefined };
const given = (value: unknown) => ({ done: false, value });

/** Gives what is pushed to the reader that waits. */
class Source extends PullStream<readonly string[]> {
  closed = 0;
  #take: Take<readonly string[]> = () => undefined;

  pull(take: Take<readonly string[]>): void {
    this.#take = take;
  }

  push(...value: string[]): void {
    this.#answer({ done: false, value });
  }

  async return() {
    this.closed += 1;
    this.#answer(done);
    return done;
  }

  /** Each pull is answered once. */
  #answer(result: IteratorResult<readonly string[], undefined>): void {
    const take = this.#take;
    this.#take = () => undefined;
    take(result);
  }
}

class Shouting implements Stage<string, string> {
  closed = 0;

  pass(item: string, give: (output: string) => void, fail: (error: unknown) => void): void {
    if (item === 'broken') fail(new Error(item));
    else give(item.toUpperCase());
  }

  toError(error: unknown): unknown {
    return `presented: ${String(error)}`;
  }

  close(): void {
    this.closed += 1;
  }
}

function setUp(signal?: AbortSignal) {
  const from = new Source();
  const stage = new Shouting();
  let endWith: (last: string) => void = () => undefined;
  let unwatched = 0;
  const source = createItemSource<readonly string[], string>(
    {
      from,
      first: ['first'],
      toItems: (input) => input,
      watchEnd(end) {
        endWith = end;
        return () => {
          unwatched += 1;
        };
      },
    },
    signal,
  );
  return {
    from,
    stage,
    source,
    stream: () => source.open(stage),
    endWith: (last: string) => endWith(last),
    unwatched: () => unwatched,
  };
}

describe('a stream with a stage', () => {
  it('passes item by item through the stage, the first ones before any input', async () => {
    const { from, stream: open } = setUp();
    const stream = open();
    expect(await stream.next()).toEqual(given('FIRST'));
    const next = stream.next();
    from.push('a', 'b');
    expect([await next, await stream.next()]).toEqual([given('A'), given('B')]);
  });

  it('passes the last item of a watched end through the stage, and drops what waits', async () => {
    const { from, stage, stream: open, endWith, unwatched } = setUp();
    const stream = open();
    await stream.next();
    const next = stream.next();
    from.push('a', 'b');
    await next;
    endWith('why');
    expect([await stream.next(), await stream.next()]).toEqual([given('WHY'), done]);
    expect([from.closed, stage.closed, unwatched()]).toEqual([1, 1, 1]);
  });

  it('gives the last output of `end` as it is, to a reader that waits', async () => {
    const { from, stage, stream: open, endWith, unwatched } = setUp();
    const stream = open();
    await stream.next();
    const next = stream.next();
    stream.end('why');
    endWith('too late');
    expect([await next, await stream.next()]).toEqual([given('why'), done]);
    expect([from.closed, stage.closed, unwatched()]).toEqual([1, 1, 1]);
  });

  it('closes its source when the stage fails, and presents the error', async () => {
    const { from, stage, stream: open } = setUp();
    const stream = open();
    await stream.next();
    const next = stream.next();
    from.push('broken', 'b');
    await expect(next).rejects.toBe('presented: Error: broken');
    expect(await stream.next()).toEqual(done);
    expect([from.closed, stage.closed]).toEqual([1, 1]);
  });

  it('is what any other source gives as well', async () => {
    async function* letters() {
      yield* ['a', 'b'];
    }
    const got: string[] = [];
    for await (const letter of toItemSource(letters()).open(new Shouting())) got.push(letter);
    expect(got).toEqual(['A', 'B']);
  });
});

describe('a source of items that is iterated without a stage', () => {
  it('ends when its signal is aborted, also if it was before', async () => {
    const controller = new AbortController();
    const { from, source } = setUp(controller.signal);
    const stream = source[Symbol.asyncIterator]();
    expect(await stream.next()).toEqual(given('first'));
    const next = stream.next();
    controller.abort();
    expect(await next).toEqual(done);
    expect(from.closed).toBe(1);
    expect(await setUp(controller.signal).source[Symbol.asyncIterator]().next()).toEqual(done);
  });
});
