import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, isUsable } from '../../src/postgres/database.js';
import { isOutage } from '../../src/postgres/outage.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { aRoleWithFewConnections } from '../support/postgres/limited-role.js';
import { openSilentLink } from '../support/postgres/silent-link.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('opens connections that plan as they should, with the options that the operator gives them', async () => {
  const url = new URL(test.url);
  url.searchParams.set('options', '-c work_mem=5MB');
  const database = createDatabase({ connectionString: url.href, instrument: createInstrument() });
  onTestFinished(() => database.close());
  const settings = `SELECT current_setting('work_mem') AS work_mem, current_setting('jit') AS jit,
    current_setting('enable_seqscan') AS walks`;
  const answers = [
    await database.pool.query(settings),
    await database.claimLine.run((connection) => connection.query(settings)),
  ];
  for (const { rows } of answers) expect(rows).toEqual([{ work_mem: '5MB', jit: 'off', walks: 'off' }]);
});

it('is of no use while claims get no connection', async () => {
  const { url, allow } = await aRoleWithFewConnections(test.url, 1);
  const database = createDatabase({ connectionString: url, instrument: createInstrument() });
  onTestFinished(() => database.close());
  expect(await isUsable(database)).toBe('PostgreSQL has no connection for claims');
  await allow(2);
  await vi.waitFor(async () => expect(await isUsable(database)).toBe(true), 20_000);
});

it('rings without a commit that waits for the disk; the next one on that connection does', async () => {
  const url = new URL(test.url);
  url.searchParams.set('options', '-c search_path=public,pg_catalog -c synchronous_commit=on');
  const database = createDatabase({
    connectionString: url.href,
    instrument: createInstrument(),
    poolSize: 1,
  });
  onTestFinished(() => database.close());
  await database.pool.query(`CREATE TABLE rings AS SELECT current_setting('synchronous_commit') AS waits WHERE false;
    CREATE FUNCTION pg_notify(text, text) RETURNS void LANGUAGE sql AS $$
      INSERT INTO rings SELECT current_setting('synchronous_commit') $$`);
  database.bell.ring();
  await vi.waitFor(async () => {
    const { rows } = await database.pool.query('SELECT * FROM rings');
    expect(rows).toEqual([{ waits: 'off' }]);
  }, 20_000);
  expect((await database.pool.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'on' }]);
});

it('gives up, at a stop, a database that says nothing: who waits for it, or asks it then, fails at once', async () => {
  const link = await openSilentLink(test.url);
  const instrument = createInstrument();
  const told: string[] = [];
  instrument.listen(({ level, name }) => told.push(`${level} ${name}`));
  // Without a stop it would take ten minutes.
  const patience = { silenceMs: 600_000, stopPatienceMs: 100 };
  const database = createDatabase({ connectionString: link.url, instrument, ...patience });
  onTestFinished(() => database.close());
  await database.pool.query('SELECT 1');
  link.lose();
  // All of the pool, one that waits for a connection, and two claims.
  const asked = Array.from({ length: 11 }, () => database.pool.query('SELECT 2'));
  const claims = [1, 2].map(() => database.claimLine.run((connection) => connection.query('SELECT 3')));
  database.expectStop();
  const failures = (await Promise.allSettled([...asked, ...claims])).map((each) =>
    each.status === 'rejected' ? isOutage(each.reason) : each.value,
  );
  expect(failures).toEqual(Array(13).fill(true));
  await expect(database.pool.query('SELECT 4')).rejects.toSatisfy(isOutage);
  expect(told).toEqual(['warn database.given_up']);
});
