import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase } from '../../src/postgres/database.js';
import { cutSilentConnections } from '../../src/postgres/dead-peer-watchdog.js';
import { isOutage } from '../../src/postgres/outage.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { openSilentLink } from '../support/postgres/silent-link.js';

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(() => test.drop());

const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

describe('a database that vanishes without a word', () => {
  it('is an outage for those who wait for it, in a statement and in a transaction, and is found again', async () => {
    const link = await openSilentLink(test.url);
    const instrument = createInstrument();
    const database = createDatabase({ connectionString: link.url, instrument, silenceMs: 500 });
    onTestFinished(() => database.close());
    const statement = () => database.pool.query('SELECT pg_sleep(0.05), 1 AS one');
    // On a slow machine a connection takes so long that it looks lost.
    const connected = () => vi.waitFor(() => Promise.all([statement(), statement()]), 20_000);
    await connected();
    let tries = 0;
    const failures: Promise<unknown>[] = [];
    const transaction = inTransaction(database, async (tx) => {
      tries += 1;
      link.lose();
      failures.push(failureOf(statement()));
      await tx.query({ name: 'one', text: 'SELECT 1' });
    });
    failures.push(failureOf(transaction));
    for (const failure of failures) expect(isOutage(await failure)).toBe(true);
    expect([tries, failures.length]).toEqual([1, 2]);
    link.mend();
    for (const { rows } of await connected()) expect(rows).toMatchObject([{ one: 1 }]);
  });

  it('is not mistaken for one that takes long', async () => {
    const pool = new pg.Pool({ connectionString: test.url });
    onTestFinished(() => pool.end());
    let asked = 0;
    const isAnswering = async () => {
      asked += 1;
      return true;
    };
    cutSilentConnections(pool, { silenceMs: 20, isAnswering });
    const { rows } = await pool.query('SELECT pg_sleep(0.2), 1 AS one');
    expect(rows).toEqual([{ pg_sleep: '', one: 1 }]);
    expect(asked).toBeGreaterThan(0);
  });
});
