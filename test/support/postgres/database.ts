import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { runSql, urlOf } from './throw-away-postgres.js';

export interface TestDatabase {
  readonly url: string;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** Held while a clone is made: PostgreSQL refuses to clone a database that another connection is using. */
const cloneLock = 8_401;

/** A database of the test file's own, cloned from the migrated template. Drop it in `afterAll`. */
export function createTestDatabase(): Promise<TestDatabase> {
  return cloneDatabase(inject('testPostgres').template);
}

/** A database without any table, for tests of the migrations themselves. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return cloneDatabase('template0');
}

async function cloneDatabase(template: string): Promise<TestDatabase> {
  const { adminUrl, cloneOptions } = inject('testPostgres');
  const name = `test_${randomUUID()}`;
  const source = pg.escapeIdentifier(template);
  await runSql(
    adminUrl,
    `SELECT pg_advisory_lock(${cloneLock})`,
    `CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${source} ${cloneOptions}`,
  );
  return {
    url: urlOf(adminUrl, name),
    drop: async () => {
      await runSql(
        adminUrl,
        waitForConnectionsToClose(name),
        `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`,
      );
    },
  };
}

/**
 * A pool's `end` answers a moment before its connections are gone, and one that is thrown out in that moment raises an
 * error nobody listens for. Whoever stays longer than ten seconds has forgotten to leave.
 */
function waitForConnectionsToClose(name: string): string {
  return `DO $$ BEGIN
    FOR attempt IN 1..2000 LOOP
      EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = ${pg.escapeLiteral(name)});
      PERFORM pg_sleep(0.005);
      PERFORM pg_stat_clear_snapshot();
    END LOOP;
  END $$`;
}
