import { describe, expect, it } from 'vitest';
import { PullStream, type Take, toPullStream } from '../../src/kernel/pull-stream.js';
import { RING, RungStream } from '../../src/kernel/rung-stream.js';

class Numbers extends PullStream<number> {
  #next = 0;

  pull(take: Take<number>, fail: (error: unknown) => void): void {
    this.#next += 1;
    if (this.#next > 2) fail(new Error('No more'));
    else take({ done: false, value: this.#next });
  }

  async return() {
    return { done: true as const, value: undefined };
  }
}

/** The result or error that the next pull passes to its callbacks. */
function pullFrom<Item>(stream: PullStream<Item>): Promise<unknown> {
  return new Promise((resolve) => stream.pull(resolve, resolve));
}

describe('PullStream', () => {
  it('is an asynchronous iterator that fails when the stream fails', async () => {
    const got: number[] = [];
    const readAll = async () => {
      for await (const number of new Numbers()) got.push(number);
    };
    await expect(readAll()).rejects.toThrow('No more');
    expect(got).toEqual([1, 2]);
  });

  it('wraps any asynchronous iterable and returns a PullStream unchanged', async () => {
    const numbers = new Numbers();
    expect(toPullStream(numbers)).toBe(numbers);
    let isClosed = false;
    async function* generate() {
      try {
        yield 'a';
        yield 'b';
      } finally {
        isClosed = true;
      }
    }
    const stream = toPullStream(generate());
    expect(await pullFrom(stream)).toEqual({ done: false, value: 'a' });
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect([isClosed, await pullFrom(stream)]).toEqual([true, { done: true, value: undefined }]);
  });

  it('passes on the failure of the iterable that it wraps', async () => {
    const stream = toPullStream(
      // biome-ignore lint/correctness/useYield: it fails before the first item.
      (async function* generate() {
        throw new Error('broken');
      })(),
    );
    expect(await pullFrom(stream)).toEqual(new Error('broken'));
  });
});

describe('RungStream', () => {
  it('wakes its reader while the source has nothing, once for several rings, and delivers what the source answers later', async () => {
    let isReturned = false;
    const answers: Take<string>[] = [];
    class Later extends PullStream<string> {
      pull(take: Take<string>): void {
        answers.push(take);
      }
      async return() {
        return { done: true as const, value: undefined };
      }
    }
    const stream = new RungStream(new Later(), () => (isReturned = true));
    const first = pullFrom(stream);
    stream.ring();
    expect(await first).toEqual({ done: false, value: RING });
    const second = pullFrom(stream);
    answers[0]?.({ done: false, value: 'a' });
    expect(await second).toEqual({ done: false, value: 'a' });
    stream.ring();
    stream.ring();
    expect(await pullFrom(stream)).toEqual({ done: false, value: RING });
    const third = pullFrom(stream);
    expect(answers).toHaveLength(2);
    answers[1]?.({ done: false, value: 'b' });
    expect(await third).toEqual({ done: false, value: 'b' });
    await stream.return();
    expect(isReturned).toBe(true);
  });
});
