import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../src/store/migrate.js';
import { createTemplate, startThrowAwayPostgres } from './throw-away-postgres.js';

declare module 'vitest' {
  interface ProvidedContext {
    testPostgres: { adminUrl: string; template: string };
  }
}

/** One PostgreSQL for the whole run, with one migrated database that every test file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startThrowAwayPostgres();
  try {
    const template = await createTemplate(postgres.adminUrl, applyMigrations);
    project.provide('testPostgres', { adminUrl: postgres.adminUrl, template });
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return () => postgres.stop();
}
