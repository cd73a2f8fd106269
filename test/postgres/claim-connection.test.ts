import pg from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createClaimConnectionSource } from '../../src/postgres/claim-connection.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { createLimitedRole } from '../support/postgres/limited-role.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('logs once that PostgreSQL refuses it while it answers, retries until it gets one, and logs that once', async () => {
  const { url, allow } = await createLimitedRole(test.url, 0);
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const instrument = createInstrument();
  const logged: string[] = [];
  instrument.listen(({ level, name }) => logged.push(`${level} ${name}`));
  const isAnswering = vi.fn(async () => false);
  const source = createClaimConnectionSource({ pool, isAnswering, instrument, retryMs: 20 });
  onTestFinished(async () => {
    source.stop();
    await pool.end();
  });
  const expectRefusals = async () => {
    for (const acquiring of [source.acquire(), source.acquire()])
      await expect(acquiring).rejects.toMatchObject({ code: '53300' });
    expect(await source.isAvailable()).toBe(false);
  };

  await expectRefusals();
  await vi.waitFor(() => expect(isAnswering.mock.calls.length).toBeGreaterThan(1), 20_000);
  // A full outage is not logged here.
  expect(logged).toEqual([]);
  isAnswering.mockResolvedValue(true);
  await vi.waitFor(() => expect(logged).toEqual(['warn claim.no_connection']), 20_000);
  await expectRefusals();
  await allow(1);
  await vi.waitFor(async () => expect(await source.isAvailable()).toBe(true), 20_000);
  expect(logged).toEqual(['warn claim.no_connection', 'info claim.connection_found']);
});
