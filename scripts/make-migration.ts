// npm run migration -- <name>
// Writes prisma/migrations/<next number>_<name>/migration.sql: the changes from the existing migrations to schema.prisma and
// to the database functions in prisma/functions. Check the file before you commit it: renames appear as drop and add, and
// constraints, triggers and partial indexes have to be written by hand.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyMigrations } from '../src/postgres/migrate.js';
import { listMigrations } from '../src/postgres/migration-folder.js';
import { startThrowAwayPostgres } from '../test/support/postgres/throw-away-postgres.js';
import { findFunctionDrift, readFunctionFiles } from './function-drift.js';
import { findDrift } from './schema-drift.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'prisma/migrations');

await makeMigration(process.argv[2] ?? '');

async function makeMigration(name: string): Promise<void> {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    process.stderr.write(
      'The name of a migration consists of lower-case letters, digits and _: npm run migration -- add_labels\n',
    );
    process.exitCode = 1;
    return;
  }
  const sql = await diffMigrations();
  if (sql === '') {
    process.stdout.write(
      'The migrations already match prisma/schema.prisma and prisma/functions: nothing to do.\n',
    );
    return;
  }
  const path = join(folder, `${await nextNumber()}_${name}`, 'migration.sql');
  await mkdir(join(path, '..'));
  await writeFile(path, sql);
  await writeFile(join(folder, 'migration_lock.toml'), 'provider = "postgresql"\n', { flag: 'wx' }).catch(
    () => undefined,
  );
  process.stdout.write(`${relative(process.cwd(), path)}\n`);
}

async function diffMigrations(): Promise<string> {
  const postgres = await startThrowAwayPostgres();
  try {
    await applyMigrations(postgres.adminUrl, { folder });
    const schema = await findDrift(
      postgres.adminUrl,
      await readFile(join(root, 'prisma/schema.prisma'), 'utf8'),
    );
    const files = await readFunctionFiles(join(root, 'prisma/functions'));
    const functions = await findFunctionDrift(postgres.adminUrl, files);
    return [schema, ...functions.map(({ sql }) => sql)].filter((part) => part !== '').join('\n');
  } finally {
    await postgres.stop();
  }
}

async function nextNumber(): Promise<string> {
  const numbers = (await listMigrations(folder)).map((migration) => Number.parseInt(migration.name, 10));
  return String(Math.max(0, ...numbers) + 1).padStart(4, '0');
}
