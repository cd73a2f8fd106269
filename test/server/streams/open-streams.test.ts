import { describe, expect, it } from 'vitest';
import type { Stage } from '../../../src/kernel/item-stream.js';
import { createOpenStreams } from '../../../src/server/streams/open-streams.js';

const unchanged: Stage<string, string> = {
  pass: (value, give) => give(value),
  toError: (error) => error,
  close: () => undefined,
};

/** A source that gives what is pushed, and says when it is closed. */
function setUp(stage = unchanged) {
  const streams = createOpenStreams<string>();
  const controller = new AbortController();
  const waiting: ((result: IteratorResult<string>) => void)[] = [];
  const source = {
    closed: 0,
    push: (value: string) => waiting.shift()?.({ done: false, value }),
    next: () => new Promise<IteratorResult<string>>((resolve) => waiting.push(resolve)),
    async return() {
      source.closed += 1;
      return { done: true as const, value: undefined };
    },
    [Symbol.asyncIterator]: () => source,
  };
  return { streams, controller, source, stream: streams.open(source, controller.signal, stage) };
}

const done = { done: true, value: undefined };

describe('an open stream', () => {
  it('gives what its source gives', async () => {
    const { stream, source } = setUp();
    const next = stream.next();
    source.push('a');
    expect(await next).toEqual({ done: false, value: 'a' });
  });

  it('ends for a reader that waits, with a last item, when all are ended', async () => {
    const { streams, stream, source } = setUp();
    const next = stream.next();
    streams.endAll('bye');
    expect(await next).toEqual({ done: false, value: 'bye' });
    expect([await stream.next(), await stream.next()]).toEqual([done, done]);
    expect(source.closed).toBe(1);
  });

  it('keeps the last item for a reader that comes later', async () => {
    const { streams, stream } = setUp();
    streams.endAll('bye');
    expect([await stream.next(), await stream.next()]).toEqual([{ done: false, value: 'bye' }, done]);
  });

  it('ends without a last item when its client has disconnected, even before the stream was opened', async () => {
    const { streams, controller, stream, source } = setUp();
    const next = stream.next();
    controller.abort();
    expect(await next).toEqual(done);
    const late = streams.open(source, controller.signal, unchanged);
    expect(await late.next()).toEqual(done);
    expect(source.closed).toBe(2);
  });

  it('closes its source once, however often it is ended', async () => {
    const { streams, controller, stream, source } = setUp();
    await stream.return?.();
    controller.abort();
    streams.endAll('bye');
    expect(await stream.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });

  it('is ended from the start when it is opened after the end of all', async () => {
    const { streams, source } = setUp();
    streams.endAll('bye');
    const late = streams.open(source, new AbortController().signal, unchanged);
    expect([await late.next(), await late.next()]).toEqual([{ done: false, value: 'bye' }, done]);
  });

  it('passes the error of its source on, and is over', async () => {
    const { streams, stream, source, controller } = setUp();
    source.next = () => Promise.reject(new Error('broken'));
    await expect(stream.next()).rejects.toThrow('broken');
    streams.endAll('bye');
    controller.abort();
    expect(await stream.next()).toEqual(done);
    expect(source.closed).toBe(0);
  });

  it('passes on no item that arrives after its end, while other streams get theirs', async () => {
    const made: (() => void)[] = [];
    const slow: Stage<string, string> = {
      ...unchanged,
      pass: (value, give) => void made.push(() => give(value)),
    };
    const opened = [setUp(slow), setUp(slow), setUp(slow)];
    const results = opened.map(({ stream }) => stream.next());
    for (const { source } of opened) source.push('a');
    await Promise.resolve();
    made[0]?.();
    // A client can complete its stream between the messages of the others.
    void opened[1]?.stream.return();
    for (const give of made.slice(1)) give();
    expect(await Promise.all(results)).toEqual([
      { done: false, value: 'a' },
      done,
      { done: false, value: 'a' },
    ]);
  });
});
