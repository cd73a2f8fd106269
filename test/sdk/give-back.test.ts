import { afterEach, expect, it, vi } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { TimeoutError } from '../../src/sdk/index.js';
import { Claims } from '../../src/sdk/worker/claims.js';

afterEach(() => vi.useRealTimers());

it('a worker that can not give a run back in time reports a TimeoutError that says what happens to the run', async () => {
  vi.useFakeTimers();
  const client: Partial<Client> = { releaseTask: () => new Promise(() => undefined) };
  const errors: unknown[] = [];
  const claims = new Claims(
    client as Client,
    {},
    {
      agent: undefined,
      capacity: 1,
      leaseMs: 10_000,
      waitSeconds: 1,
      onError: (error) => errors.push(error),
    },
  );
  const givenBack = claims.giveBack('run_1');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await givenBack).toBeNull();
  expect(errors).toEqual([expect.any(TimeoutError)]);
  expect(String(errors[0])).toContain('Its lease ends by itself.');
});
