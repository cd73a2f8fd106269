import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handWritten } from '../../scripts/hand-written.js';
import { findDrift } from '../../scripts/schema-drift.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';

describe('schema.prisma and the migrated database', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let schema: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    schema = await readFile(fileURLToPath(new URL('../../prisma/schema.prisma', import.meta.url)), 'utf8');
  });

  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('agree, except for the hand-written parts', async () => {
    expect(await findDrift(database.url, schema)).toBe('');
  });

  it('are compared to the SQL that would make them agree', async () => {
    const model = 'model Stray {\n  id String @id\n\n  @@map("strays")\n}\n';
    const drift = await findDrift(database.url, `${schema}\n${model}`);
    expect(drift).toContain('CREATE TABLE "strays"');
    await client.query(drift);
    expect(await findDrift(database.url, `${schema}\n${model}`)).toBe('');
    await client.query('DROP TABLE strays');
  });

  it('have exactly the listed hand-written indexes', async () => {
    const { rows } = await client.query<{ name: string; special: boolean }>(
      `SELECT c.relname AS name, i.indpred IS NOT NULL OR i.indexprs IS NOT NULL AS special
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = 'public'::regnamespace`,
    );
    const special = rows.filter((row) => row.special).map((row) => row.name);
    const existing = rows.map((row) => row.name).filter((name) => handWritten.indexes.includes(name));
    expect(handWritten.indexes).toEqual(expect.arrayContaining(special));
    expect(existing.sort()).toEqual([...handWritten.indexes].sort());
  });

  it('list as missing only foreign keys that the database does not have', async () => {
    const { rows } = await client.query<{ conname: string }>(
      `SELECT conname FROM pg_constraint WHERE contype = 'f' AND conname = ANY ($1)`,
      [handWritten.missingForeignKeys],
    );
    expect(rows).toEqual([]);
  });
});
