import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { StatementCut } from '../../src/kernel/statement-cut.js';
import { createDatabase, type DatabaseOptions } from '../../src/postgres/database.js';
import { isOutage } from '../../src/postgres/outage.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

function openDatabase(options: Partial<DatabaseOptions> = {}) {
  const database = createDatabase({
    connectionString: test.url,
    instrument: createInstrument(),
    ...options,
  });
  onTestFinished(() => database.close());
  return database;
}

describe('the pool for reads', () => {
  it('cuts a statement that takes longer than the limit, which is no outage', async () => {
    const { readPool } = openDatabase({ readTimeoutMs: 200 });
    const failure = await readPool.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StatementCut);
    expect(failure).toMatchObject({
      message: expect.stringContaining('stopped this query after 0.2 seconds'),
      extensions: { code: 'QUERY_TOO_COMPLEX' },
    });
    expect(isOutage(failure)).toBe(false);
    // The connection serves the next statement.
    expect((await readPool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('passes other errors on', async () => {
    const { readPool } = openDatabase();
    await expect(readPool.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
  });

  it('refuses writes', async () => {
    const { readPool } = openDatabase();
    await expect(readPool.query('DELETE FROM tasks')).rejects.toMatchObject({
      name: 'ReadWrote',
      cause: { code: '25006' },
    });
  });

  it('leaves the other connections free while all of its own are busy', async () => {
    const { pool, readPool, claimConnection } = openDatabase({ readTimeoutMs: 60_000 });
    const blocker = await pool.connect();
    await blocker.query('BEGIN; LOCK TABLE comments IN ACCESS EXCLUSIVE MODE');
    const reads = Array.from({ length: 20 }, () => readPool.query('SELECT count(*) FROM comments'));
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    const claim = await claimConnection.run((connection) => connection.query('SELECT 1 AS one'));
    expect(claim.rows).toEqual([{ one: 1 }]);
    await blocker.query('COMMIT');
    blocker.release();
    expect(await Promise.all(reads)).toHaveLength(20);
  });

  it('sees a commit of the other pool at once', async () => {
    const { pool, readPool } = openDatabase();
    await pool.query("INSERT INTO scheduler_jobs (name) VALUES ('just committed')");
    const { rowCount } = await readPool.query("SELECT FROM scheduler_jobs WHERE name = 'just committed'");
    expect(rowCount).toBe(1);
  });
});
