import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../../src/postgres/migrate.js';
import {
  createDatabase,
  readServerVersion,
  runSql,
  startThrowAwayPostgres,
  type ThrowAwayPostgres,
  urlOf,
} from '../postgres/throw-away-postgres.js';

declare module 'vitest' {
  interface ProvidedContext {
    testPostgres: { adminUrl: string; template: string; cloneOptions: string };
  }
}

/**
 * Starts one PostgreSQL for the whole run, with one migrated database that every test file clones. `TEST_DATABASE_URL` names
 * another server with a superuser instead, such as one of the oldest supported version.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  // Vitest sets up one project after the other: the first one starts PostgreSQL and the next ones use it.
  if ('testPostgres' in project.getProvidedContext()) return undefined;
  const external = process.env.TEST_DATABASE_URL;
  const postgres = external ? useExternalPostgres(external) : await startThrowAwayPostgres();
  const template = `template_${process.pid}`;
  const tearDown = async () => {
    await runSql(postgres.adminUrl, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
    await postgres.stop();
  };
  try {
    await createDatabase(postgres.adminUrl, template);
    await applyMigrations(urlOf(postgres.adminUrl, template));
    // Copying files takes 120 ms without fsync, writing them through the log 180 ms. PostgreSQL 15 introduced the option.
    const cloneOptions = (await readServerVersion(postgres.adminUrl)) >= 15 ? 'STRATEGY file_copy' : '';
    project.vitest.provide('testPostgres', { adminUrl: postgres.adminUrl, template, cloneOptions });
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}

function useExternalPostgres(adminUrl: string): ThrowAwayPostgres {
  return { adminUrl, stop: async () => undefined };
}
