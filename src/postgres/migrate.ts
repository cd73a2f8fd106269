import { join } from 'node:path';
import pg from 'pg';
import { findPackageFolder } from '../kernel/package-folder.js';
import { isChecksumOf, listMigrations, type Migration } from './migration-folder.js';
import { connectPinned } from './session.js';

export interface MigrateOptions {
  /** Prisma's migrations folder. Default: the one of this package. */
  readonly folder?: string;
}

/** Why the database can't be migrated. */
export type MigrationFault =
  | 'SERVER_TOO_OLD'
  | 'WRONG_ENCODING'
  | 'EDITED'
  | 'DATABASE_IS_NEWER'
  | 'UNFINISHED'
  | 'FAILED';

/** The database can't be migrated to this version. The message is for the operator. The database was not changed. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly fault: MigrationFault;

  constructor(message: string, options: { readonly fault: MigrationFault; readonly cause?: unknown }) {
    super(message, options);
    this.fault = options.fault;
  }
}

interface AppliedRow {
  readonly name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

/** The advisory lock that Prisma takes, so that `prisma migrate deploy` and a starting server wait for each other. */
const migrationLock = 72_707_369;
const oldestServerVersion = 140_000;

/**
 * Applies the pending migrations and returns their names. Each migration and its row in Prisma's table are one transaction,
 * so a failed migration leaves nothing behind. One caller applies them, the others wait.
 * @throws MigrationError if PostgreSQL is older than 14, if the database is not in UTF-8, if an applied migration was
 * edited, if the database has migrations that this version doesn't know, or if a migration fails.
 */
export async function applyMigrations(
  database: string | pg.Pool,
  options: MigrateOptions = {},
): Promise<string[]> {
  const migrations = await listMigrations(
    options.folder ?? join(findPackageFolder(), 'prisma', 'migrations'),
  );
  if (typeof database !== 'string') return withPoolClient(database, (client) => migrate(client, migrations));
  const client = new pg.Client({
    connectionString: database,
    application_name: 'mission-control migrations',
  });
  await connectPinned(client);
  try {
    return await migrate(client, migrations);
  } finally {
    await client.end();
  }
}

async function withPoolClient<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    // A connection that failed in between may still hold the lock, so it must not return to the pool.
    failure = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(failure);
  }
}

async function migrate(client: pg.ClientBase, migrations: readonly Migration[]): Promise<string[]> {
  await requireSuitableDatabase(client);
  await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
  try {
    const applied = await listApplied(client);
    requireKnownHistory(applied, migrations);
    const names = new Set(applied.map((row) => row.name));
    const pending = migrations.filter((migration) => !names.has(migration.name));
    for (const migration of pending) await applyOne(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    // If the connection broke, PostgreSQL has released the lock, and the caller already gets the first error.
    await client.query('SELECT pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
  }
}

async function requireSuitableDatabase(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ number: number; text: string; encoding: string }>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS text,
       current_setting('server_encoding') AS encoding`,
  );
  const [server] = rows;
  if (server && server.number < oldestServerVersion)
    throw new MigrationError(`PostgreSQL 14 or later is needed, the database runs ${server.text}.`, {
      fault: 'SERVER_TOO_OLD',
    });
  if (server && server.encoding !== 'UTF8')
    throw new MigrationError(
      `The database's encoding is ${server.encoding}, which can't store every text. Create a database with ` +
        "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'.",
      { fault: 'WRONG_ENCODING' },
    );
}

/** Rows marked as rolled back, which only Prisma's tools write, count as never applied. */
async function listApplied(client: pg.ClientBase): Promise<AppliedRow[]> {
  await createHistory(client);
  const { rows } = await client.query<AppliedRow>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`,
  );
  return rows;
}

async function createHistory(client: pg.ClientBase): Promise<void> {
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id                  VARCHAR(36) PRIMARY KEY NOT NULL,
      checksum            VARCHAR(64) NOT NULL,
      finished_at         TIMESTAMPTZ,
      migration_name      VARCHAR(255) NOT NULL,
      logs                TEXT,
      rolled_back_at      TIMESTAMPTZ,
      started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
      applied_steps_count INTEGER NOT NULL DEFAULT 0
    )`);
  } catch (cause) {
    throw failed("The tables can't be created in the database", cause);
  }
}

function requireKnownHistory(applied: readonly AppliedRow[], migrations: readonly Migration[]): void {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  const unknown = applied.filter((row) => !byName.has(row.name)).map((row) => row.name);
  if (unknown.length > 0)
    throw new MigrationError(
      `The database was used by a newer version of the server: it has ${unknown.join(', ')}, which this version ` +
        'does not know. Start the newer version.',
      { fault: 'DATABASE_IS_NEWER' },
    );
  for (const row of applied) {
    if (!row.finished)
      throw new MigrationError(
        `Migration ${row.name} was started by another tool and did not finish. Repair the database, then mark the ` +
          'migration with `prisma migrate resolve`.',
        { fault: 'UNFINISHED' },
      );
    const migration = byName.get(row.name);
    if (migration && !isChecksumOf(row.checksum, migration.sql))
      throw new MigrationError(
        `Migration ${row.name} was edited after it was applied to the database. Restore the old file and create a new ` +
          'migration for the change.',
        { fault: 'EDITED' },
      );
  }
}

async function applyOne(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES (gen_random_uuid()::text, $1, $2, now(), clock_timestamp(), 1)`,
      [migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw failed(`Migration ${migration.name} failed and was rolled back`, cause);
  }
}

function failed(what: string, cause: unknown): MigrationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MigrationError(`${what}: ${reason}`, { fault: 'FAILED', cause });
}
