import { describe, expect, expectTypeOf, it } from 'vitest';
import type { EventType } from '../../src/domain/events/event-types.js';
import { toRequestError } from '../../src/sdk/errors/to-request-error.js';
import { BadRequestError, ConnectionError, type LogEvent, ServerTooOldError } from '../../src/sdk/index.js';
import { followEvents } from '../../src/sdk/streams/follow.js';
import { createFollowers } from '../../src/sdk/streams/followers.js';
import type { Sink, Subscribe } from '../../src/sdk/streams/transport.js';

/** A transport whose server is the test: each subscription is handed to the next of these. */
function scripted(...servers: readonly ((sink: Sink) => void)[]) {
  const cursors: unknown[] = [];
  let ended = 0;
  const left = [...servers];
  const subscribe: Subscribe = ({ variables }, sink) => {
    cursors.push((variables as { after?: unknown }).after);
    // A transport never delivers before the subscription is made.
    queueMicrotask(() => left.shift()?.(sink));
    return () => {
      ended += 1;
    };
  };
  return { subscribe, cursors, ended: () => ended };
}

const start = (cursor: string) => ({ events: { __typename: 'StreamStartedEvent', cursor } });
const event = (cursor: string) => ({ events: { __typename: 'TaskEvent', type: 'task.updated', cursor } });
const failure = (code: string) =>
  toRequestError({ errors: [{ message: code, extensions: { code } }], status: null, retryAfterMs: null });

/** Reads so many items, as `type cursor`. */
async function read(items: AsyncIterable<{ type: string; cursor: string | null }>, count: number) {
  const found: string[] = [];
  for await (const { type, cursor } of items) {
    found.push(`${type} ${cursor}`);
    if (found.length === count) break;
  }
  return found;
}

describe('the events of a stream', () => {
  it('are told apart from notices by their type, for the compiler as well', async () => {
    const { subscribe } = scripted((sink) => {
      for (const item of [start('a'), event('b')]) sink.next(item);
    });
    const found: string[] = [];
    for await (const item of followEvents(subscribe, {})) {
      if (item.type === 'stream.connected') found.push(`${item.behind}`);
      else if (item.type === 'stream.interrupted') found.push(item.error.message);
      else if (item.type === 'stream.too_slow' || item.type === 'stream.cursor_expired')
        found.push(item.type);
      else found.push(item.id);
      if (found.length === 2) break;
    }
    expect(found).toHaveLength(2);
    // Each type of the server's log is one that the package knows the family of.
    expectTypeOf<EventType>().toExtend<LogEvent['type']>();
  });

  it('resume after the last one that was delivered, when the connection breaks', async () => {
    const { subscribe, cursors } = scripted(
      (sink) => {
        for (const item of [start('a'), event('b')]) sink.next(item);
        sink.end(new ConnectionError('broken'));
      },
      (sink) => {
        for (const item of [start('b'), event('c')]) sink.next(item);
      },
    );
    expect(await read(followEvents(subscribe, {}), 5)).toEqual([
      'stream.connected a',
      'task.updated b',
      'stream.interrupted b',
      'stream.connected b',
      'task.updated c',
    ]);
    expect(cursors).toEqual([null, 'b']);
  });

  it('resume without a gap when the server found their reader too slow', async () => {
    const { subscribe, cursors } = scripted(
      (sink) => {
        for (const item of [start('a'), event('b')]) sink.next(item);
        sink.end(failure('SUBSCRIBER_TOO_SLOW'));
      },
      (sink) => sink.next(event('c')),
    );
    expect((await read(followEvents(subscribe, {}), 4)).slice(2)).toEqual([
      'stream.too_slow b',
      'task.updated c',
    ]);
    expect(cursors).toEqual([null, 'b']);
  });

  it('begin again from now when their cursor has expired', async () => {
    const { subscribe, cursors } = scripted(
      (sink) => sink.end(failure('CURSOR_EXPIRED')),
      (sink) => sink.next(start('z')),
    );
    const items = await read(followEvents(subscribe, { after: 'old' }), 2);
    expect(items).toEqual(['stream.cursor_expired old', 'stream.connected z']);
    expect(cursors).toEqual(['old', null]);
  });

  it('wait in memory up to a bound for a slow reader, who then gets the rest over another subscription', async () => {
    const { subscribe, cursors, ended } = scripted(
      (sink) => {
        for (let index = 0; index < 5_000; index += 1) sink.next(event(String(index)));
      },
      (sink) => sink.next(event('1000')),
    );
    const items = await read(followEvents(subscribe, {}), 1_001);
    expect(items).toEqual(Array.from({ length: 1_001 }, (_, index) => `task.updated ${index}`));
    expect(cursors).toEqual([null, '999']);
    expect(ended()).toBeGreaterThanOrEqual(2);
  });

  it('end with what the server refuses for good', async () => {
    const { subscribe } = scripted((sink) => sink.end(failure('BAD_USER_INPUT')));
    await expect(read(followEvents(subscribe, {}), 1)).rejects.toBeInstanceOf(BadRequestError);
  });

  it('end with the word that the server is too old when it does not know the subscription', async () => {
    const { subscribe } = scripted((sink) => sink.end(failure('GRAPHQL_VALIDATION_FAILED')));
    const { followEvents: follow } = createFollowers(subscribe);
    await expect(read(follow(), 1)).rejects.toBeInstanceOf(ServerTooOldError);
  });

  it('end with the reason of the signal at once, also between two connections', async () => {
    const controller = new AbortController();
    const { subscribe } = scripted((sink) => sink.end(new ConnectionError('broken')));
    const items = followEvents(subscribe, { signal: controller.signal });
    expect((await items.next()).value).toMatchObject({ type: 'stream.interrupted' });
    const next = items.next();
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
  });
});
