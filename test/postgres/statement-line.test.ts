import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase } from '../../src/postgres/database.js';
import { isOutage } from '../../src/postgres/outage.js';
import type { Executor } from '../../src/postgres/statement.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { aRoleWithFewConnections } from '../support/postgres/limited-role.js';
import { openSilentLink } from '../support/postgres/silent-link.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

function openLine(connectionString = test.url, more: { readonly silenceMs?: number } = {}) {
  const database = createDatabase({ connectionString, instrument: createInstrument(), ...more });
  onTestFinished(() => database.close());
  return database.claimLine;
}

const ask = (sql: string) => async (connection: Executor) => (await connection.query(sql)).rows[0];
const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

describe('a line of statements', () => {
  it('sends the next statement before the last is answered, to the same backend, which runs it afterwards', async () => {
    const line = openLine();
    const answered: number[] = [];
    const statements = [1, 2].map((n) =>
      line.run(ask(`SELECT pg_backend_pid() AS pid, clock_timestamp() AS at, pg_sleep(0.1)`)).then((row) => {
        answered.push(n);
        return row;
      }),
    );
    expect(line.hasRoom()).toBe(false);
    const [first, second] = await Promise.all(statements);
    expect(second.pid).toBe(first.pid);
    expect(second.at - first.at).toBeGreaterThanOrEqual(99);
    expect(answered).toEqual([1, 2]);
    expect(line.hasRoom()).toBe(true);
  });

  it('lets a statement fail alone', async () => {
    const line = openLine();
    const [first, second] = await Promise.allSettled([
      line.run(ask('SELECT 1 / 0')),
      line.run(ask('SELECT 2 AS n')),
    ]);
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'division by zero' } });
    expect(second).toMatchObject({ status: 'fulfilled', value: { n: 2 } });
    expect(await line.run(ask('SELECT 3 AS n'))).toEqual({ n: 3 });
  });

  it('sends nobody else down a connection on which a statement has failed: it may be about to break', async () => {
    const line = openLine();
    const gate = new pg.Client({ connectionString: test.url });
    onTestFinished(() => gate.end());
    await gate.connect();
    await gate.query('SELECT pg_advisory_lock(1)');
    const failing = failureOf(line.run(ask('SELECT 1 / 0')));
    const next = line.run(ask('SELECT pg_advisory_xact_lock(1), 2 AS n'));
    expect(await failing).toMatchObject({ message: 'division by zero' });
    expect(line.hasRoom()).toBe(false);
    await gate.end();
    expect(await next).toMatchObject({ n: 2 });
    expect(line.hasRoom()).toBe(true);
  });

  it('forgets a prepared statement that could not be prepared', async () => {
    const line = openLine();
    const prepared = () =>
      line.run(
        async (connection) =>
          (await connection.query({ name: 'late', text: 'SELECT n FROM late', values: [] })).rows[0],
      );
    // The second is bound to a statement that the first has failed to make.
    for (const failure of [failureOf(prepared()), failureOf(prepared())])
      expect(await failure).toBeInstanceOf(pg.DatabaseError);
    await runSql(test.url, 'CREATE TABLE late AS SELECT 5 AS n');
    expect(await Promise.all([prepared(), prepared()])).toEqual([{ n: 5 }, { n: 5 }]);
  });

  it('answers what is under way when the database is closed', async () => {
    const database = createDatabase({ connectionString: test.url, instrument: createInstrument() });
    const statements = [1, 2].map((n) => database.claimLine.run(ask(`SELECT pg_sleep(0.02), ${n} AS n`)));
    await database.close();
    expect(await Promise.all(statements)).toMatchObject([{ n: 1 }, { n: 2 }]);
  });

  it('tells all who wait that there is no connection left, and takes the next one there is', async () => {
    const { url } = await aRoleWithFewConnections(test.url, 1);
    const occupant = new pg.Client({ connectionString: url });
    await occupant.connect();
    const line = openLine(url);
    for (const failure of [1, 2].map(() => failureOf(line.run(ask('SELECT 1')))))
      expect(await failure).toMatchObject({ code: '53300' });
    await occupant.end();
    await vi.waitFor(async () => expect(await line.run(ask('SELECT 6 AS n'))).toEqual({ n: 6 }), 20_000);
  });

  it('gives its connection back after a while, however much there is to do', async () => {
    const line = openLine();
    const sleep = ask('SELECT pg_sleep(0.01)');
    let open = line.run(sleep);
    let turns = 1;
    while (line.hasRoom() && turns < 1_000) {
      const next = line.run(sleep);
      await open;
      open = next;
      turns += 1;
    }
    expect(turns).toBeLessThan(1_000);
    await open;
    expect(line.hasRoom()).toBe(true);
  });

  it('tells all who wait when the backend is ended, and goes on with another one', async () => {
    const line = openLine();
    const { pid } = await line.run(ask('SELECT pg_backend_pid() AS pid'));
    const failures = ['SELECT pg_sleep(60)', 'SELECT 1'].map((sql) => failureOf(line.run(ask(sql))));
    const killer = openLine();
    await killer.run(ask(`SELECT pg_terminate_backend(${pid})`));
    for (const failure of failures) expect(isOutage(await failure)).toBe(true);
    expect((await line.run(ask('SELECT pg_backend_pid() AS pid'))).pid).not.toBe(pid);
  });

  it('tells all who wait when the database has gone without a word', async () => {
    const link = await openSilentLink(test.url);
    const line = openLine(link.url, { silenceMs: 500 });
    const connected = () => vi.waitFor(() => line.run(ask('SELECT 4 AS n')), 20_000);
    await connected();
    link.lose();
    const failures = [1, 2].map(() => failureOf(line.run(ask('SELECT 1'))));
    for (const failure of failures) expect(isOutage(await failure)).toBe(true);
    link.mend();
    expect(await connected()).toEqual({ n: 4 });
  });
});
