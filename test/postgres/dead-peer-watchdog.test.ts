import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase } from '../../src/postgres/database.js';
import { startDeadPeerWatchdog } from '../../src/postgres/dead-peer-watchdog.js';
import { isOutage } from '../../src/postgres/outage.js';
import { probeBackends } from '../../src/postgres/probe-backends.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import { openBreakableLink } from '../support/postgres/breakable-link.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(() => test.drop());

const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

describe('a database that stops answering without closing its connections', () => {
  it('is an outage for a waiting statement and a waiting transaction, and is used again later', async () => {
    const link = await openBreakableLink(test.url);
    const instrument = createInstrument();
    const database = createDatabase({ connectionString: link.url, instrument, silenceMs: 500 });
    onTestFinished(() => database.close());
    const statement = () => database.pool.query('SELECT pg_sleep(0.05), 1 AS one');
    // On a slow machine opening a connection may take longer than the limit.
    const connected = () => vi.waitFor(() => Promise.all([statement(), statement()]), 20_000);
    await connected();
    let tries = 0;
    const failures: Promise<unknown>[] = [];
    const transaction = inTransaction(database, async (tx) => {
      tries += 1;
      link.interrupt();
      failures.push(failureOf(statement()));
      await tx.query({ name: 'one', text: 'SELECT 1' });
    });
    failures.push(failureOf(transaction));
    for (const failure of failures) expect(isOutage(await failure)).toBe(true);
    expect([tries, failures.length]).toEqual([1, 2]);
    link.restore();
    for (const { rows } of await connected()) expect(rows).toMatchObject([{ one: 1 }]);
  });

  it('is told from a database whose statement takes long', async () => {
    const pool = new pg.Pool({ connectionString: test.url });
    onTestFinished(() => pool.end());
    let asked = 0;
    const probe = (pids: readonly number[], timeoutMs: number) => {
      asked += 1;
      return probeBackends(test.url, pids, timeoutMs);
    };
    // On a slow machine opening the connection of the probe may take longer than a shorter limit.
    startDeadPeerWatchdog(pool, { silenceMs: 500, probe });
    const { rows } = await pool.query('SELECT pg_sleep(1.5), 1 AS one');
    expect(rows).toEqual([{ pg_sleep: '', one: 1 }]);
    expect(asked).toBeGreaterThan(0);
  });
});

describe('connections that are dead while the database answers others', () => {
  it('are given up soon: those in use as an outage, idle ones before a statement uses them', async () => {
    const link = await openBreakableLink(test.url);
    const database = createDatabase({
      connectionString: link.url,
      instrument: createInstrument(),
      silenceMs: 500,
    });
    onTestFinished(() => database.close());
    const claim = () =>
      database.claimConnection.run(async (connection) => (await connection.query('SELECT 1 AS one')).rows);
    const pids = async () => {
      const asked = [1, 2, 3].map(() =>
        database.pool.query('SELECT pg_sleep(0.05), pg_backend_pid() AS pid'),
      );
      return (await Promise.all(asked)).map(({ rows }) => rows[0].pid);
    };
    const before = await pids();
    await claim();
    link.lose();
    const failures = [
      failureOf(database.pool.query('SELECT 1')),
      failureOf(claim()),
      failureOf(inTransaction(database, (tx) => tx.query({ name: 'one', text: 'SELECT 1' }))),
    ];
    for (const failure of failures) expect(isOutage(await failure)).toBe(true);
    expect(await claim()).toEqual([{ one: 1 }]);
    for (const pid of await pids()) expect(before).not.toContain(pid);
  });
});
