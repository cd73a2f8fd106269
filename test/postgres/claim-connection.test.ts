import pg from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createClaimConnection } from '../../src/postgres/claim-connection.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { aRoleWithFewConnections } from '../support/postgres/limited-role.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('says once that it can not be had while others can, tries until it can, and says that once as well', async () => {
  const { url, allow } = await aRoleWithFewConnections(test.url, 0);
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const instrument = createInstrument();
  const told: string[] = [];
  instrument.listen(({ level, name }) => told.push(`${level} ${name}`));
  const isAnswering = vi.fn(async () => false);
  const connection = createClaimConnection({ pool, isAnswering, instrument, retryMs: 20 });
  onTestFinished(async () => {
    connection.stop();
    await pool.end();
  });
  const expectRefusals = async () => {
    for (const lent of [connection.lend(), connection.lend()])
      await expect(lent).rejects.toMatchObject({ code: '53300' });
    expect(await connection.isThere()).toBe(false);
  };

  await expectRefusals();
  await vi.waitFor(() => expect(isAnswering.mock.calls.length).toBeGreaterThan(1), 20_000);
  // That the whole database is away, others say.
  expect(told).toEqual([]);
  isAnswering.mockResolvedValue(true);
  await vi.waitFor(() => expect(told).toEqual(['warn claim.no_connection']), 20_000);
  await expectRefusals();
  await allow(1);
  await vi.waitFor(async () => expect(await connection.isThere()).toBe(true), 20_000);
  expect(told).toEqual(['warn claim.no_connection', 'info claim.connection_found']);
});
