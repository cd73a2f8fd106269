import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase } from '../../src/postgres/database.js';
import { isOutage } from '../../src/postgres/outage.js';
import type { Executor } from '../../src/postgres/statement.js';
import { openBreakableLink } from '../support/postgres/breakable-link.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { createLimitedRole } from '../support/postgres/limited-role.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

function openConnection(connectionString = test.url, more: { readonly silenceMs?: number } = {}) {
  const database = createDatabase({ connectionString, instrument: createInstrument(), ...more });
  onTestFinished(() => database.close());
  return database.claimConnection;
}

const ask = (sql: string) => async (connection: Executor) => (await connection.query(sql)).rows[0];
const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

describe('a pipelined connection', () => {
  it('sends the next statement before the last is answered, and PostgreSQL runs them in order', async () => {
    const connection = openConnection();
    const answered: number[] = [];
    const statements = [1, 2].map((n) =>
      connection
        .run(ask(`SELECT pg_backend_pid() AS pid, clock_timestamp() AS at, pg_sleep(0.1)`))
        .then((row) => {
          answered.push(n);
          return row;
        }),
    );
    expect(connection.hasRoom()).toBe(false);
    const [first, second] = await Promise.all(statements);
    expect(second.pid).toBe(first.pid);
    expect(second.at - first.at).toBeGreaterThanOrEqual(99);
    expect(answered).toEqual([1, 2]);
    expect(connection.hasRoom()).toBe(true);
  });

  it('fails no other statement when one fails', async () => {
    const connection = openConnection();
    const [first, second] = await Promise.allSettled([
      connection.run(ask('SELECT 1 / 0')),
      connection.run(ask('SELECT 2 AS n')),
    ]);
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'division by zero' } });
    expect(second).toMatchObject({ status: 'fulfilled', value: { n: 2 } });
    expect(await connection.run(ask('SELECT 3 AS n'))).toEqual({ n: 3 });
  });

  it('sends no further statement after one has failed, because the connection may be about to break', async () => {
    const connection = openConnection();
    const blocker = new pg.Client({ connectionString: test.url });
    onTestFinished(() => blocker.end());
    await blocker.connect();
    await blocker.query('SELECT pg_advisory_lock(1)');
    const failing = failureOf(connection.run(ask('SELECT 1 / 0')));
    const next = connection.run(ask('SELECT pg_advisory_xact_lock(1), 2 AS n'));
    expect(await failing).toMatchObject({ message: 'division by zero' });
    expect(connection.hasRoom()).toBe(false);
    await blocker.end();
    expect(await next).toMatchObject({ n: 2 });
    expect(connection.hasRoom()).toBe(true);
  });

  it('prepares a statement again after preparing it has failed', async () => {
    const connection = openConnection();
    const prepared = () =>
      connection.run(
        async (connection) =>
          (await connection.query({ name: 'late', text: 'SELECT n FROM late', values: [] })).rows[0],
      );
    // The second one uses the prepared statement that the first one failed to create.
    for (const failure of [failureOf(prepared()), failureOf(prepared())])
      expect(await failure).toBeInstanceOf(pg.DatabaseError);
    await runSql(test.url, 'CREATE TABLE late AS SELECT 5 AS n');
    expect(await Promise.all([prepared(), prepared()])).toEqual([{ n: 5 }, { n: 5 }]);
  });

  it('answers the statements under way when the database is closed', async () => {
    const database = createDatabase({ connectionString: test.url, instrument: createInstrument() });
    const statements = [1, 2].map((n) =>
      database.claimConnection.run(ask(`SELECT pg_sleep(0.02), ${n} AS n`)),
    );
    await database.close();
    expect(await Promise.all(statements)).toMatchObject([{ n: 1 }, { n: 2 }]);
  });

  it('fails all waiting statements if PostgreSQL has no connection left, and uses the next free one', async () => {
    const { url } = await createLimitedRole(test.url, 1);
    const occupant = new pg.Client({ connectionString: url });
    await occupant.connect();
    const connection = openConnection(url);
    for (const failure of [1, 2].map(() => failureOf(connection.run(ask('SELECT 1')))))
      expect(await failure).toMatchObject({ code: '53300' });
    await occupant.end();
    await vi.waitFor(
      async () => expect(await connection.run(ask('SELECT 6 AS n'))).toEqual({ n: 6 }),
      20_000,
    );
  });

  it('releases its connection after a number of statements, even under load', async () => {
    const connection = openConnection();
    const blocker = new pg.Client({ connectionString: test.url });
    onTestFinished(() => blocker.end());
    await blocker.connect();
    const block = (n: number) => blocker.query('SELECT pg_advisory_lock($1)', [n]);
    const release = (n: number) => blocker.query('SELECT pg_advisory_unlock($1)', [n]);
    const send = (n: number) => connection.run(ask(`SELECT pg_advisory_xact_lock(${n})`));
    await block(1);
    let underWay = send(1);
    let sent = 1;
    // Each statement is blocked until the next one is sent, so that one is always under way.
    while (connection.hasRoom() && sent < 1_000) {
      await block(sent + 1);
      const next = send(sent + 1);
      await release(sent);
      await underWay;
      underWay = next;
      sent += 1;
    }
    expect(sent).toBeLessThan(1_000);
    await release(sent);
    await underWay;
    expect(connection.hasRoom()).toBe(true);
  });

  it('fails all waiting statements when the backend is terminated, and continues with another one', async () => {
    const connection = openConnection();
    const { pid } = await connection.run(ask('SELECT pg_backend_pid() AS pid'));
    const failures = ['SELECT pg_sleep(60)', 'SELECT 1'].map((sql) => failureOf(connection.run(ask(sql))));
    const killer = openConnection();
    await killer.run(ask(`SELECT pg_terminate_backend(${pid})`));
    for (const failure of failures) expect(isOutage(await failure)).toBe(true);
    expect((await connection.run(ask('SELECT pg_backend_pid() AS pid'))).pid).not.toBe(pid);
  });

  it('fails all waiting statements when the database stops answering', async () => {
    const link = await openBreakableLink(test.url);
    const connection = openConnection(link.url, { silenceMs: 500 });
    const connected = () => vi.waitFor(() => connection.run(ask('SELECT 4 AS n')), 20_000);
    await connected();
    link.interrupt();
    const failures = [1, 2].map(() => failureOf(connection.run(ask('SELECT 1'))));
    for (const failure of failures) expect(isOutage(await failure)).toBe(true);
    link.restore();
    expect(await connected()).toEqual({ n: 4 });
  });
});
