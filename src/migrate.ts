import { parseConfig } from './config/config.js';
import type { Environment } from './config/variables.js';
import { createInstrument } from './kernel/instrument.js';
import { findPostgres } from './postgres/find-postgres.js';
import { applyMigrations } from './postgres/migrate.js';

/**
 * Applies the pending migrations of the database that the environment names, and answers with their names. An embedded
 * PostgreSQL is started for it and stopped again.
 *
 * @throws ConfigError for wrong settings, and MigrationError if the database cannot be migrated.
 */
export async function migrateDatabase(env: Environment): Promise<string[]> {
  const config = parseConfig(env);
  const { connectionString, stop } = await findPostgres({
    databaseUrl: config.databaseUrl?.reveal(),
    dataDir: config.dataDir,
    instrument: createInstrument(),
  });
  try {
    return await applyMigrations(connectionString);
  } finally {
    await stop();
  }
}
