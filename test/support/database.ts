import pg from 'pg';
import { inject } from 'vitest';
import { urlOf } from './throw-away-postgres.js';

export interface TestDatabase {
  readonly url: string;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** Held while a clone is made: PostgreSQL refuses to clone a database that another connection is using. */
const cloneLock = 8_401;

let clones = 0;

/** A database of the test file's own, cloned from the migrated template. Drop it in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, template } = inject('testPostgres');
  clones += 1;
  const name = `test_${process.pid}_${clones}`;
  await administer(adminUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [cloneLock]);
    const { rows } = await client.query(
      `SELECT current_setting('server_version_num')::int >= 150000 AS "canChoose"`,
    );
    // Without fsync copying the files takes 120 ms, writing them through the log 180 ms.
    const strategy = rows[0]?.canChoose ? 'STRATEGY file_copy' : '';
    await client.query(
      `CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${pg.escapeIdentifier(template)} ${strategy}`,
    );
  });
  return {
    url: urlOf(adminUrl, name),
    drop: () =>
      administer(adminUrl, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
      }),
  };
}

async function administer(adminUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
