import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';
import { createClient } from '../support/servers/client.js';
import {
  adminSecret,
  runServer,
  type ServerProcess,
  startServer,
} from '../support/servers/server-process.js';

const CREATE = 'mutation { createTask(input: { title: "Not now" }) { errors { code } } }';

describe('a PostgreSQL that answers and refuses to write', () => {
  let database: TestDatabase;
  let server: ServerProcess;

  beforeEach(async () => {
    database = await createTestDatabase();
    server = await startServer({ databaseUrl: database.url });
  });
  afterEach(async () => {
    await server.kill();
    await database.drop();
  });

  it.each([
    ['53100', "PostgreSQL's disk is full", 'free space'],
    ['25006', 'PostgreSQL only accepts reads', 'failover'],
    ['53200', 'PostgreSQL has no memory left', 'memory'],
    ['58030', 'PostgreSQL can not read or write its files', "PostgreSQL's log"],
    ['57P03', 'PostgreSQL is starting, stopping or recovering', 'wait'],
  ])(
    'with %s is UNAVAILABLE, not ready, and named once in the log with its remedy',
    async (code, reason, remedy) => {
      await runSql(
        database.url,
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '${code}'; END $$`,
        'CREATE TRIGGER refuse BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION refuse()',
      );
      const admin = createClient(() => server.url, adminSecret);
      for (let time = 0; time < 3; time += 1) {
        const { status, headers, errors } = await admin.send(CREATE);
        expect([status, headers.get('retry-after')]).toEqual([503, '1']);
        expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['UNAVAILABLE']);
      }
      const ready = await fetch(`${server.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([503, { status: 'not ready', reason }]);
      await runSql(database.url, 'DROP TRIGGER refuse ON tasks');
      await admin.ask(CREATE);
      await vi.waitFor(async () => expect((await fetch(`${server.url}/readyz`)).status).toBe(200), 20_000);
      const lines = server.log().filter(({ level }) => level === 'warn' || level === 'error');
      expect(lines).toEqual([
        expect.objectContaining({ event: 'database.refuses', message: expect.stringContaining(reason) }),
      ]);
      expect(lines[0]?.message).toContain(remedy);
      expect(server.log().filter(({ event }) => event === 'database.works')).toHaveLength(1);
    },
    60_000,
  );
});

describe('a PostgreSQL that ends during the start of a server', () => {
  it('is named in one sentence with a remedy', async () => {
    const database = await createEmptyDatabase();
    const killer = new pg.Client({ connectionString: database.url });
    await killer.connect();
    const running = runServer({ databaseUrl: database.url });
    let isOver = false;
    const over = running.finally(() => {
      isOver = true;
    });
    while (!isOver)
      await killer.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    const { code, stderr } = await over;
    await killer.end();
    await database.drop();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Mission Control did not start\. During the start .+: .+\n$/);
  }, 60_000);
});
