import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionFile, findFunctionDrift, readFunctionFiles } from '../../scripts/function-drift.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';

const folder = fileURLToPath(new URL('../../prisma/functions', import.meta.url));

describe('the files in prisma/functions and the functions of the migrated database', () => {
  let database: TestDatabase;
  let files: FunctionFile[];

  beforeAll(async () => {
    database = await createTestDatabase();
    files = await readFunctionFiles(folder);
  });
  afterAll(() => database.drop());

  const drift = (changed = files) => findFunctionDrift(database.url, changed);
  const driftNames = async (changed = files) => (await drift(changed)).map(({ name }) => name);

  /** The files, with `search` replaced in that of claim_tasks. */
  function changeClaim(search: string, replacement: string): FunctionFile[] {
    return files.map((file) => {
      if (file.name !== 'claim_tasks') return file;
      const text = file.text.replace(search, replacement);
      expect(text).not.toBe(file.text);
      return { ...file, text };
    });
  }

  it('agree: each function has one file with its name', async () => {
    const functions = await runSql(
      database.url,
      "SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    );
    expect(files.map(({ name }) => name)).toEqual(functions.map(({ name }) => name));
    expect(await drift()).toEqual([]);
  });

  it.each([
    ['the body', 'LIMIT 1000', 'LIMIT 999'],
    ['a setting', 'SET enable_seqscan = off', ''],
    ['the language', 'LANGUAGE plpgsql', 'LANGUAGE plpgsql STABLE'],
  ])('differ when %s is another one in the file', async (_what, search, replacement) => {
    const changed = changeClaim(search, replacement);
    const text = changed.find(({ name }) => name === 'claim_tasks')?.text;
    expect(await drift(changed)).toEqual([{ name: 'claim_tasks', sql: text }]);
  });

  it('do not differ by comments and white space', async () => {
    expect(await drift(changeClaim('BEGIN\n', 'BEGIN\n\n  -- "It\'s begun."\n'))).toEqual([]);
  });

  it.each([
    ['the arguments', 'p_fingerprints text[]', 'p_fingerprints text[], p_tags text[]'],
    ['the result', 'TABLE (request int,', 'TABLE (place int, request int,'],
  ])('need the old function dropped when %s change', async (_what, search, replacement) => {
    const [found] = await drift(changeClaim(search, replacement));
    expect(found?.sql).toMatch(/^DROP FUNCTION claim_tasks\(p_agent_ids text\[\], .*\);\n/);
  });

  it('differ when a migration changes, adds or drops a function and its file stays', async () => {
    const name = 'refuse_rest_in_rejected';
    for (const [migration, repair] of [
      [`ALTER FUNCTION ${name} SET enable_sort = off`, `ALTER FUNCTION ${name} RESET ALL`],
      [`CREATE FUNCTION stray() RETURNS int LANGUAGE sql AS 'SELECT 1'`, 'DROP FUNCTION stray()'],
    ] as const) {
      await runSql(database.url, migration);
      expect(await driftNames()).toEqual([migration.startsWith('ALTER') ? name : 'stray']);
      await runSql(database.url, repair);
    }
    await runSql(database.url, 'DROP FUNCTION claim_tasks');
    const missing = await drift();
    expect(missing.map((each) => each.name)).toEqual(['claim_tasks']);
    await runSql(database.url, missing[0]?.sql ?? '');
    expect(await drift()).toEqual([]);
  });

  it('differ when a file is missing', async () => {
    const found = await drift(files.filter(({ name }) => name !== 'claim_tasks'));
    expect(found.map(({ name, sql }) => [name, sql.split('(')[0]])).toEqual([
      ['claim_tasks', 'DROP FUNCTION claim_tasks'],
    ]);
  });
});
