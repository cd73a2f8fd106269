import { afterEach, expect, it, vi } from 'vitest';
import { createCaller } from '../../src/sdk/http/caller.js';
import { ConnectionError } from '../../src/sdk/index.js';
import { subscribeOverSse } from '../../src/sdk/streams/sse.js';
import { SILENCE_MS } from '../../src/sdk/streams/transport.js';

afterEach(() => vi.useRealTimers());

it('an event stream whose request is never answered ends as a lost connection, even if the fetch misses the abort', async () => {
  vi.useFakeTimers();
  const fetch = () => new Promise<Response>(() => undefined);
  const { sender } = createCaller({ url: 'http://127.0.0.1:2', apiKey: 'a-key', fetch });
  const ends: unknown[] = [];
  subscribeOverSse(sender)(
    { query: 'subscription { events { id } }', variables: {} },
    { next: () => undefined, end: (error) => ends.push(error) },
  );
  await vi.advanceTimersByTimeAsync(SILENCE_MS);
  expect(ends).toEqual([expect.any(ConnectionError)]);
});
