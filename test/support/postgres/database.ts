import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { setAll } from './hostile-settings.js';
import { runSql, urlOf } from './throw-away-postgres.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** PostgreSQL's settings of every database that a test creates. */
    databaseSettings?: Readonly<Record<string, string>>;
  }
}

export interface TestDatabase {
  readonly url: string;
  /** Drops the database, even if connections are still open. */
  drop(): Promise<void>;
}

/** Advisory lock that is held while a clone is made: PostgreSQL refuses to clone a database that is in use. */
const cloneLock = 8_401;

/** Creates a database for one test file, cloned from the migrated template. Drop it in `afterAll`. */
export function createTestDatabase(): Promise<TestDatabase> {
  return cloneDatabase(inject('testPostgres').template);
}

/** Creates a database without tables, for tests of the migrations. */
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
    // A clone does not inherit the settings of its template.
    ...setAll('DATABASE', name, inject('databaseSettings') ?? {}),
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
 * A pool's `end` resolves shortly before its connections are closed. A connection that DROP … WITH (FORCE) ends in that
 * moment raises an error without a listener. A connection that is open for ten more seconds was never closed.
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
