import type pg from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, isUsable } from '../../src/postgres/database.js';
import { isOutage } from '../../src/postgres/outage.js';
import { openBreakableLink } from '../support/postgres/breakable-link.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { createLimitedRole } from '../support/postgres/limited-role.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('opens connections without sequential scans and JIT, and keeps the options that the operator sets', async () => {
  const url = new URL(test.url);
  url.searchParams.set('options', '-c work_mem=5MB');
  const database = createDatabase({ connectionString: url.href, instrument: createInstrument() });
  onTestFinished(() => database.close());
  const settings = `SELECT current_setting('work_mem') AS work_mem, current_setting('jit') AS jit,
    current_setting('enable_seqscan') AS scans`;
  const answers = [
    await database.pool.query(settings),
    await database.claimConnection.run((connection) => connection.query(settings)),
  ];
  for (const { rows } of answers) expect(rows).toEqual([{ work_mem: '5MB', jit: 'off', scans: 'off' }]);
});

it('is not usable while PostgreSQL refuses the connection for claims', async () => {
  const { url, allow } = await createLimitedRole(test.url, 1);
  const database = createDatabase({ connectionString: url, instrument: createInstrument() });
  onTestFinished(() => database.close());
  expect(await isUsable(database)).toBe('PostgreSQL has no connection for claims');
  await allow(2);
  await vi.waitFor(async () => expect(await isUsable(database)).toBe(true), 20_000);
});

it('numbers events with a commit that waits for the disk, even where other commits do not wait', async () => {
  const url = new URL(test.url);
  url.searchParams.set('options', '-c synchronous_commit=off');
  const database = createDatabase({
    connectionString: url.href,
    instrument: createInstrument(),
    poolSize: 1,
  });
  onTestFinished(() => database.close());
  // The pool has one connection, so that the bell numbers on it and finds the function of the test.
  await database.pool.query(`SET search_path = public, pg_catalog; CREATE TABLE rings AS SELECT current_setting('synchronous_commit') AS waits WHERE false;
    CREATE FUNCTION pg_notify(text, text) RETURNS void LANGUAGE sql AS $$
      INSERT INTO rings SELECT current_setting('synchronous_commit') $$`);
  await database.pool.query("INSERT INTO event_outbox (type) VALUES ('task.updated')");
  database.bell.ring();
  await vi.waitFor(async () => {
    const { rows } = await database.pool.query('SELECT * FROM rings');
    expect(rows).toEqual([{ waits: 'on' }]);
  }, 20_000);
  expect((await database.pool.query('SHOW synchronous_commit')).rows).toEqual([
    { synchronous_commit: 'off' },
  ]);
});

it('fails all statements at a stop, waiting and new ones, if the database does not answer', async () => {
  const link = await openBreakableLink(test.url);
  const instrument = createInstrument();
  const logged: string[] = [];
  instrument.listen(({ level, name }) => logged.push(`${level} ${name}`));
  // The dead-peer watchdog would take ten minutes.
  const limits = { silenceMs: 600_000, stopSilenceMs: 100 };
  const database = createDatabase({ connectionString: link.url, instrument, ...limits });
  onTestFinished(() => database.close());
  await database.pool.query('SELECT 1');
  link.interrupt();
  // One statement on each connection of the pool, one that waits for a connection, and two claims.
  const asked = Array.from({ length: 11 }, () => database.pool.query('SELECT 2'));
  const claims = [1, 2].map(() => database.claimConnection.run((connection) => connection.query('SELECT 3')));
  database.expectStop();
  const failures = (await Promise.allSettled([...asked, ...claims])).map((each) =>
    each.status === 'rejected' ? isOutage(each.reason) : each.value,
  );
  expect(failures).toEqual(Array(13).fill(true));
  await expect(database.pool.query('SELECT 4')).rejects.toSatisfy(isOutage);
  expect(logged).toEqual(['warn database.given_up']);
});

it.each([
  ['is released', async (client: pg.PoolClient) => client.release()],
  ['waits for an answer', queryAndRelease],
])(
  'closes soon although a connection that %s is dead, while the database answers others',
  async (_, use) => {
    const link = await openBreakableLink(test.url);
    const instrument = createInstrument();
    const database = createDatabase({ connectionString: link.url, instrument, stopSilenceMs: 500 });
    const client = await database.pool.connect();
    const closing = database.close();
    link.lose();
    // Otherwise only TCP ends the connection, after minutes.
    await Promise.all([use(client), closing]);
  },
  20_000,
);

async function queryAndRelease(client: pg.PoolClient): Promise<void> {
  await expect(client.query('SELECT 1')).rejects.toThrow();
  client.release(true);
}
