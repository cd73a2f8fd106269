import type { ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { PullStream, type Take } from '../../../src/kernel/pull-stream.js';
import { type Send, sendStream } from '../../../src/server/websocket/websocket-stream.js';

/** A stream whose results are available at once, up to the last one. */
class Ready extends PullStream<ExecutionResult> {
  isClosed = false;
  #left: number;

  constructor(count: number) {
    super();
    this.#left = count;
  }

  pull(take: Take<ExecutionResult>): void {
    this.#left -= 1;
    if (this.isClosed || this.#left < 0) take({ done: true, value: undefined });
    else take({ done: false, value: { data: { left: this.#left } } });
  }

  async return() {
    this.isClosed = true;
    return { done: true as const, value: undefined };
  }
}

const textOf = (parts: readonly Buffer[]) => String(Buffer.concat(parts));

describe('a stream that is sent', () => {
  it('is sent completely and in order without blocking the event loop, and then ends', async () => {
    const sent: string[] = [];
    const stream = sendStream(new Ready(5_000), 'a"b', (...parts) => void sent.push(textOf(parts)));
    let sentAtTurn = 0;
    setImmediate(() => {
      sentAtTurn = sent.length;
    });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(sentAtTurn).toBeLessThan(100);
    expect(sent.map((text) => JSON.parse(text))).toEqual(
      Array.from({ length: 5_000 }, (_, i) => ({
        id: 'a"b',
        type: 'next',
        payload: { data: { left: 4_999 - i } },
      })),
    );
  });

  it('waits for a slow client before it reads more', async () => {
    const waiting: (() => void)[] = [];
    const send: Send = () => new Promise<void>((resolve) => waiting.push(resolve));
    const end = sendStream(new Ready(2), 'a', send).next();
    expect(waiting).toHaveLength(1);
    await new Promise(setImmediate);
    expect(waiting).toHaveLength(1);
    waiting[0]?.();
    await new Promise(setImmediate);
    expect(waiting).toHaveLength(2);
    waiting[1]?.();
    expect((await end).done).toBe(true);
  });

  it('fails alone if it cannot be sent, and throws nothing at the sender of the event', async () => {
    const given: Take<ExecutionResult>[] = [];
    const source = new Ready(0);
    source.pull = (take) => void given.push(take);
    const end = sendStream(source, 'a', () => {
      throw new Error('cannot be sent');
    }).next();
    expect(() => given[0]?.({ done: false, value: { data: {} } })).not.toThrow();
    await expect(end).rejects.toThrow('cannot be sent');
    expect(given).toHaveLength(1);
  });

  it('closes its source when its client completes it', async () => {
    const source = new Ready(1);
    const stream = sendStream(source, 'a', () => undefined);
    expect(await stream.return(undefined)).toEqual({ done: true, value: undefined });
    expect(source.isClosed).toBe(true);
  });
});
