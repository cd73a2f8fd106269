import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { holdLocks } from '../postgres/held-lock.js';
import type { TestServices } from './services.js';

/** Makes the calls while two statements are under way on the connection for batches, so that the next statement serves all. */
export async function inOneBatch<Result>(
  services: TestServices,
  calls: readonly (() => Promise<Result>)[],
): Promise<PromiseSettledResult<Result>[]> {
  const lock = 'SELECT pg_advisory_xact_lock(8402)';
  const held = await holdLocks(services, lock, []);
  const blocking = [1, 2].map(() =>
    services.database.claimConnection.run((connection) => connection.query(lock)),
  );
  const results = Promise.allSettled(calls.map((call) => call()));
  // A call reaches its queue after some steps that are no input or output.
  await turnOfTheLoop();
  await held.release();
  await Promise.all(blocking);
  return results;
}
