import { onTestFinished } from 'vitest';
import { runSql } from './throw-away-postgres.js';

/** Creates a role with a limit on its connections to the database, until the end of the test. */
export async function createLimitedRole(databaseUrl: string, count: number) {
  const role = `few_${process.pid}_${Math.random().toString(36).slice(2)}`;
  await runSql(databaseUrl, `CREATE ROLE ${role} LOGIN CONNECTION LIMIT ${count} PASSWORD 'few'`);
  onTestFinished(async () => {
    await runSql(databaseUrl, `DROP ROLE ${role}`);
  });
  const url = new URL(databaseUrl);
  url.username = role;
  url.password = 'few';
  return {
    url: url.href,
    /** Sets the limit. */
    allow: (limit: number) => runSql(databaseUrl, `ALTER ROLE ${role} CONNECTION LIMIT ${limit}`),
  };
}
