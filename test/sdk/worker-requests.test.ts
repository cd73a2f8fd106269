import { afterEach, expect, it, vi } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { ConnectionError, TimeoutError } from '../../src/sdk/index.js';
import { Claims } from '../../src/sdk/worker/claims.js';
import { Connection } from '../../src/sdk/worker/connection.js';
import { toSettings } from '../../src/sdk/worker/options.js';

afterEach(() => vi.useRealTimers());

/** The claims of a worker whose server behaves as the client says. */
function claimsOf(client: Partial<Client>) {
  const errors: unknown[] = [];
  const stop = new AbortController();
  const settings = toSettings({ onError: (error) => errors.push(error) }, ['handle', () => 'done']);
  const connection = new Connection(settings);
  const claims = new Claims(client as Client, {}, { settings, connection, stopping: stop.signal });
  return { claims, errors, stop };
}

it('a worker that stops and can not give a run back in time reports an error that says what happens to the run', async () => {
  vi.useFakeTimers();
  const { claims, errors, stop } = claimsOf({
    releaseTask: (_input, options) => untilAborted(options?.signal),
  });
  stop.abort();
  const givenBack = claims.giveBack('run_1');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await givenBack).toBeNull();
  expect(errors).toEqual([expect.any(TimeoutError)]);
  expect(String(errors[0])).toContain('Its lease ends by itself.');
});

it('a worker that does not stop gives a run back as soon as the server answers, and reports an outage once', async () => {
  vi.useFakeTimers();
  let calls = 0;
  const { claims, errors } = claimsOf({
    releaseTask: async () => {
      calls += 1;
      if (calls < 20) throw new ConnectionError('away');
      return {} as never;
    },
  });
  const givenBack = claims.giveBack('run_1');
  await vi.advanceTimersByTimeAsync(200_000);
  expect(await givenBack).toBeNull();
  expect(calls).toBe(20);
  expect(errors).toEqual([new ConnectionError('away')]);
});

it('a worker whose claim got no answer asks again with the same key, and renews the lease of what was granted long ago', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const keys = new Set<unknown>();
  const { claims } = claimsOf({
    claimNextTask: async ({ idempotencyKey } = {}) => {
      keys.add(idempotencyKey);
      if (performance.now() < 65_000) throw new ConnectionError('broken off');
      return { task: {}, run: { id: 'run_1' }, reason: 'ASSIGNED' } as never;
    },
    renewLease: async () => ({}) as never,
  });
  const own = new Map();
  await expect(claims.next(own)).rejects.toBeInstanceOf(ConnectionError);
  await vi.advanceTimersByTimeAsync(65_000);
  const work = await claims.next(own);
  expect(keys.size).toBe(1);
  // The lease is over by the time of the claim, so what counts is a renewal.
  expect(performance.now() - work!.sentAt).toBeGreaterThanOrEqual(65_000);
  expect(await claims.renew(work!)).toMatchObject({ run: { id: 'run_1' }, sentAt: performance.now() });
});

it('a request is sent again at once when a heartbeat finds the connection dead', async () => {
  vi.useFakeTimers();
  const connection = new Connection({ onError: () => undefined, requestMs: 10_000 });
  let calls = 0;
  const answer = connection.untilAnswered(
    async ({ signal }) => {
      calls += 1;
      return calls === 1 ? untilAborted(signal) : 'answered';
    },
    { signal: new AbortController().signal },
  );
  connection.breakOff();
  expect(await answer).toBe('answered');
});

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}
