import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { applyMigrations } from '../../src/postgres/migrate.js';
import { createEmptyDatabase, type TestDatabase } from '../support/postgres/database.js';
import { createLimitedRole } from '../support/postgres/limited-role.js';
import { urlOf } from '../support/postgres/throw-away-postgres.js';

describe('applying migrations', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let folder: string;

  beforeEach(async () => {
    database = await createEmptyDatabase();
    pool = new pg.Pool({ connectionString: database.url });
    folder = await mkdtemp(join(tmpdir(), 'mission-control-migrations-'));
    await write('0001_first', 'CREATE TABLE first (id int);');
    await write('0002_second', 'CREATE TABLE second (id int);\nINSERT INTO second VALUES (1);');
    await writeFile(join(folder, 'migration_lock.toml'), 'provider = "postgresql"\n');
  });

  afterEach(async () => {
    await pool.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('applies pending migrations in order and none of them twice', async () => {
    expect(await applyMigrations(pool, { folder })).toEqual(['0001_first', '0002_second']);
    expect(await applyMigrations(database.url, { folder })).toEqual([]);
    await write('0010_tenth', 'INSERT INTO second VALUES (2);');
    expect(await applyMigrations(database.url, { folder })).toEqual(['0010_tenth']);
    expect(await column('SELECT id FROM second ORDER BY id')).toEqual([1, 2]);
  });

  it('writes the same rows as Prisma', async () => {
    await applyMigrations(pool, { folder });
    const { rows } = await pool.query('SELECT * FROM _prisma_migrations ORDER BY started_at');
    const sql = 'CREATE TABLE first (id int);';
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      checksum: createHash('sha256').update(sql).digest('hex'),
      migration_name: '0001_first',
      started_at: expect.any(Date),
      finished_at: expect.any(Date),
      rolled_back_at: null,
      logs: null,
      applied_steps_count: 1,
    });
    expect(rows[0].finished_at >= rows[0].started_at).toBe(true);
  });

  it('lets one of many callers apply and the others wait', async () => {
    await write('0003_slow', 'SELECT pg_sleep(0.2); CREATE TABLE third (id int);');
    const calls = Array.from({ length: 6 }, (_, index) =>
      applyMigrations(index % 2 ? pool : database.url, { folder }),
    );
    const applied = await Promise.all(calls);
    expect(applied.flat().sort()).toEqual(['0001_first', '0002_second', '0003_slow']);
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
  });

  it('rolls back a migration that fails and keeps the ones before it', async () => {
    await write('0003_broken', 'CREATE TABLE third (id int); SELECT 1 / 0; CREATE TABLE fourth (id int);');
    await expect(applyMigrations(pool, { folder })).rejects.toMatchObject({
      fault: 'FAILED',
      message: expect.stringMatching(/0003_broken failed and was rolled back: division by zero/),
    });
    expect(await column('SELECT migration_name FROM _prisma_migrations ORDER BY 1')).toEqual([
      '0001_first',
      '0002_second',
    ]);
    expect(await column(`SELECT to_regclass('third')`)).toEqual([null]);
    await write('0003_broken', 'CREATE TABLE third (id int);');
    expect(await applyMigrations(pool, { folder })).toEqual(['0003_broken']);
  });

  it('is done by the next caller after a process was killed during a migration', async () => {
    await write('0003_slow', 'CREATE TABLE third (id int); SELECT pg_advisory_xact_lock(1);');
    const blocker = await pool.connect();
    await blocker.query('SELECT pg_advisory_lock(1)');
    const module = new URL('../../src/postgres/migrate.ts', import.meta.url).href;
    const program = `import { applyMigrations } from ${JSON.stringify(module)};
      await applyMigrations(${JSON.stringify(database.url)}, ${JSON.stringify({ folder })});`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
    await expect
      .poll(() => column(`SELECT wait_event FROM pg_stat_activity WHERE datname = current_database()`), {
        timeout: 20_000,
        interval: 20,
      })
      .toContain('advisory');
    const died = once(child, 'exit');
    child.kill('SIGKILL');
    await died;
    blocker.release(true);
    expect(await applyMigrations(pool, { folder })).toEqual(['0003_slow']);
    expect(await column('SELECT id FROM third')).toEqual([]);
  });

  it('refuses a server older than 14', async () => {
    // The version is read by `current_setting`, and the search path of this pool finds this function first.
    await pool.query(`CREATE SCHEMA aged;
      CREATE FUNCTION aged.current_setting(text) RETURNS text LANGUAGE sql
        AS $$ SELECT CASE $1 WHEN 'server_version_num' THEN '130014' ELSE '13.14' END $$`);
    const url = new URL(database.url);
    url.searchParams.set('options', '-c search_path=aged,pg_catalog,public');
    const aged = new pg.Pool({ connectionString: url.href });
    onTestFinished(() => aged.end());
    await expect(applyMigrations(aged, { folder })).rejects.toMatchObject({
      fault: 'SERVER_TOO_OLD',
      message: 'PostgreSQL 14 or later is needed, the database runs 13.14.',
    });
  });

  it('refuses a database whose encoding cannot store every text', async () => {
    const name = `${new URL(database.url).pathname.slice(1)}_ascii`;
    const ascii = pg.escapeIdentifier(name);
    await pool.query(
      `CREATE DATABASE ${ascii} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    const url = new URL(database.url);
    url.pathname = name;
    await expect(applyMigrations(url.href, { folder })).rejects.toMatchObject({
      fault: 'WRONG_ENCODING',
      message: expect.stringContaining('SQL_ASCII'),
    });
    await pool.query(`DROP DATABASE ${ascii} WITH (FORCE)`);
  });

  it('reports that tables cannot be created by a role without the right to', async () => {
    await pool.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    const role = await createLimitedRole(inject('testPostgres').adminUrl, 2);
    const url = urlOf(role.url, new URL(database.url).pathname.slice(1));
    await expect(applyMigrations(url, { folder })).rejects.toMatchObject({
      fault: 'FAILED',
      message: "The tables can't be created in the database: permission denied for schema public",
    });
  });

  it('refuses a migration that was edited after it was applied', async () => {
    await applyMigrations(pool, { folder });
    await write('0001_first', 'CREATE TABLE first (id bigint);');
    await write('0003_third', 'CREATE TABLE third (id int);');
    await expect(applyMigrations(pool, { folder })).rejects.toMatchObject({
      fault: 'EDITED',
      message: expect.stringContaining('0001_first'),
    });
    expect(await column(`SELECT to_regclass('third')`)).toEqual([null]);
  });

  it('accepts other line endings in an applied migration', async () => {
    await write('0001_first', 'CREATE TABLE first (\n  id int\n);\n');
    await applyMigrations(pool, { folder });
    await write('0001_first', 'CREATE TABLE first (\r\n  id int\r\n);\r\n');
    expect(await applyMigrations(pool, { folder })).toEqual([]);
  });

  it('refuses a database that a newer version has used', async () => {
    await write('0003_from_the_future', 'CREATE TABLE third (id int);');
    await applyMigrations(pool, { folder });
    await rm(join(folder, '0003_from_the_future'), { recursive: true });
    await expect(applyMigrations(pool, { folder })).rejects.toMatchObject({
      fault: 'DATABASE_IS_NEWER',
      message: expect.stringContaining('0003_from_the_future'),
    });
  });

  it('refuses a migration that another tool did not finish, and ignores one that it rolled back', async () => {
    await applyMigrations(pool, { folder });
    await pool.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, applied_steps_count)
       VALUES ('x', 'x', '0003_third', now(), 0)`,
    );
    await write('0003_third', 'CREATE TABLE third (id int);');
    await expect(applyMigrations(pool, { folder })).rejects.toMatchObject({ fault: 'UNFINISHED' });
    await pool.query(`UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = 'x'`);
    expect(await applyMigrations(pool, { folder })).toEqual(['0003_third']);
  });

  it('uses the migrations of this package by default', async () => {
    const applied = await applyMigrations(pool);
    expect(applied[0]).toBe('0001_foundation');
    expect(await column(`SELECT count(*)::int FROM tasks`)).toEqual([0]);
  });

  async function write(name: string, sql: string): Promise<void> {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, 'migration.sql'), sql);
  }

  async function column(sql: string): Promise<unknown[]> {
    const { rows } = await pool.query({ text: sql, rowMode: 'array' });
    return rows.map((row: unknown[]) => row[0]);
  }
});
