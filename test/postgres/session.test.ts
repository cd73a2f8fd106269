import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase } from '../../src/postgres/database.js';
import { createBellListener } from '../../src/postgres/listener.js';
import { applyMigrations } from '../../src/postgres/migrate.js';
import { createDataFolderWithCluster, startPostgres } from '../support/postgres/data-folder.js';
import { createEmptyDatabase, createTestDatabase } from '../support/postgres/database.js';
import { hostileSettings, setAll } from '../support/postgres/hostile-settings.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

const PINNED = {
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  search_path: 'public',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  lock_timeout: '0',
  idle_session_timeout: '0',
};
const READ = `SELECT jsonb_object_agg(lower(name), current_setting(name)) AS found FROM pg_settings
  WHERE lower(name) = ANY('{${Object.keys(PINNED).join(',')}}')`;

async function createHostileDatabase(create: typeof createTestDatabase) {
  const test = await create();
  onTestFinished(() => test.drop());
  await runSql(test.url, ...setAll('DATABASE', new URL(test.url).pathname.slice(1), hostileSettings));
  return test.url;
}

function openDatabase(connectionString: string) {
  const database = createDatabase({ connectionString, instrument: createInstrument() });
  onTestFinished(() => database.close());
  return database;
}

describe('a database with settings that change the meaning of statements', () => {
  it('changes nothing on the connections of the pool and of claims', async () => {
    const database = openDatabase(await createHostileDatabase(createTestDatabase));
    const answers = [
      (await database.pool.query(READ)).rows,
      (await database.claimConnection.run((connection) => connection.query(READ))).rows,
    ];
    for (const answer of answers) expect(answer).toEqual([{ found: PINNED }]);
    const { rows } = await database.pool.query('SHOW transaction_isolation');
    expect(rows).toEqual([{ transaction_isolation: 'read committed' }]);
  });

  it('does not override with the options of the URL either', async () => {
    const url = new URL(await createHostileDatabase(createTestDatabase));
    url.searchParams.set('options', '-c DateStyle=SQL,DMY -c TimeZone=Asia/Tokyo');
    const { rows } = await openDatabase(url.href).pool.query(READ);
    expect(rows).toEqual([{ found: PINNED }]);
  });

  it('ends no statement by the limits of the database, neither in the migrations nor later', async () => {
    const { url, drop } = await createEmptyDatabase();
    onTestFinished(drop);
    const name = new URL(url).pathname.slice(1);
    await runSql(url, ...setAll('DATABASE', name, { statement_timeout: '20ms' }));
    expect((await applyMigrations(url)).length).toBeGreaterThan(0);
    const { pool, claimConnection } = openDatabase(url);
    const slow = "SELECT pg_sleep(0.1), 'done' AS state";
    for (const { rows } of [
      await pool.query(slow),
      await claimConnection.run((connection) => connection.query(slow)),
    ])
      expect(rows).toMatchObject([{ state: 'done' }]);
  });

  it('is migrated, and gets its tables in the schema public', async () => {
    const url = await createHostileDatabase(createEmptyDatabase);
    expect((await applyMigrations(url)).length).toBeGreaterThan(0);
    const [row] = await runSql(url, "SELECT to_regclass('public.tasks') IS NOT NULL AS is_there");
    expect(row).toEqual({ is_there: true });
  });

  it('does not end the connection of the listener while nothing happens', async () => {
    const url = await createHostileDatabase(createTestDatabase);
    const listener = createBellListener({
      connectionString: url,
      instrument: createInstrument(),
      onRing: () => undefined,
    });
    await listener.start();
    onTestFinished(() => listener.stop());
    await expect.poll(() => listener.isListening()).toBe(true);
    const [row] = await runSql(
      url,
      'SELECT pg_sleep(1.5)',
      // The tests of other files listen to their own databases.
      `SELECT count(*) AS kept FROM pg_stat_activity WHERE application_name = 'mission-control-bell'
         AND datname = current_database() AND backend_start < now() - interval '1.4 s'`,
    );
    expect(row).toEqual({ kept: '1' });
  });

  it('fails a statement whose times can not be read, rather than return null', async () => {
    const { pool } = openDatabase(await createHostileDatabase(createTestDatabase));
    const client = await pool.connect();
    onTestFinished(() => client.release(true));
    await client.query("SET DateStyle = 'German'");
    await expect(client.query('SELECT now()')).rejects.toThrow('which is not in the form ISO 8601');
    expect(
      (await client.query("SELECT 'infinity'::timestamptz AS at, NULL::timestamptz AS never")).rows,
    ).toEqual([{ at: Number.POSITIVE_INFINITY, never: null }]);
  });
});

it('a connection that PostgreSQL ends during the migrations is an error of the migrations, and does not end the process', async () => {
  const test = await createTestDatabase();
  onTestFinished(() => test.drop());
  const blocker = new pg.Client({ connectionString: test.url });
  await blocker.connect();
  onTestFinished(() => blocker.end());
  await blocker.query('BEGIN; LOCK TABLE _prisma_migrations');
  const migrating = applyMigrations(test.url);
  const refused = expect(migrating).rejects.toThrow('terminating connection');
  const ended = () =>
    runSql(
      test.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = 'mission-control migrations' AND wait_event_type = 'Lock'`,
    );
  await vi.waitFor(async () => expect(await ended()).toHaveLength(1), 10_000);
  await refused;
});

it('the PG variables of the environment do not reach the embedded PostgreSQL', async () => {
  const dataDir = await createDataFolderWithCluster();
  const variables = {
    PGOPTIONS: '-c DateStyle=German -c default_transaction_read_only=on',
    PGHOST: 'elsewhere.invalid',
    PGPORT: '1',
    PGUSER: 'somebody',
    PGDATABASE: 'elsewhere',
    PGPASSWORD: 'wrong',
    PGSSLMODE: 'require',
    PGSSLNEGOTIATION: 'direct',
    PGREPLICATION: 'database',
    PGCLIENTENCODING: 'LATIN1',
    PGDATESTYLE: 'German',
    PGTZ: 'Asia/Tokyo',
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const postgres = await startPostgres(dataDir);
  const client = new pg.Client({ connectionString: postgres.connectionString });
  await client.connect();
  const { rows } = await client.query(
    "SELECT current_database() AS name, current_setting('DateStyle') AS dates, current_setting('transaction_read_only') AS reads",
  );
  expect(rows).toEqual([{ name: 'mission_control', dates: 'ISO, MDY', reads: 'off' }]);
  await client.end();
  await postgres.stop();
});
