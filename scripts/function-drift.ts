import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pg from 'pg';
import { connectPinned } from '../src/postgres/session.js';

/** The text of one database function; the file is named like the function. */
export interface FunctionFile {
  readonly name: string;
  readonly text: string;
}

/** A function whose file and database differ. */
export interface FunctionDrift {
  readonly name: string;
  /** SQL that makes the database agree with the file. */
  readonly sql: string;
}

interface DatabaseFunction {
  readonly name: string;
  /** Name and types of the arguments, by which PostgreSQL tells functions apart. */
  readonly signature: string;
  readonly result: string;
  /** `CREATE OR REPLACE FUNCTION` with every setting, as PostgreSQL writes it. */
  readonly definition: string;
}

/** The files of prisma/functions. */
export async function readFunctionFiles(folder: string): Promise<FunctionFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => ({
      name: basename(name, '.sql'),
      text: await readFile(join(folder, name), 'utf8'),
    })),
  );
}

/**
 * The functions of a migrated database that differ from their files, by name; white space and comments don't count. The
 * files are run in a transaction that is rolled back, so PostgreSQL itself says what they define.
 */
export async function findFunctionDrift(
  connectionString: string,
  files: readonly FunctionFile[],
): Promise<FunctionDrift[]> {
  const client = new pg.Client({ connectionString });
  await connectPinned(client);
  try {
    const migrated = await listFunctions(client);
    const written = await listWritten(client, migrated, files);
    const names = new Set([...migrated.keys(), ...written.keys()]);
    return [...names].sort().flatMap((name) => {
      const text = files.find((file) => file.name === name)?.text ?? '';
      return compare(name, migrated.get(name), written.get(name), text);
    });
  } finally {
    await client.end();
  }
}

async function listWritten(
  client: pg.Client,
  migrated: ReadonlyMap<string, DatabaseFunction>,
  files: readonly FunctionFile[],
): Promise<Map<string, DatabaseFunction>> {
  await client.query('BEGIN');
  try {
    // CREATE OR REPLACE refuses another result and makes a second function of other arguments.
    for (const { signature } of migrated.values()) await client.query(`DROP FUNCTION ${signature} CASCADE`);
    for (const { text } of files) await client.query(text);
    return await listFunctions(client);
  } finally {
    await client.query('ROLLBACK');
  }
}

async function listFunctions(client: pg.Client): Promise<Map<string, DatabaseFunction>> {
  const { rows } = await client.query<DatabaseFunction>(
    `SELECT p.proname AS name, format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS signature,
        pg_get_function_result(p.oid) AS result, pg_get_functiondef(p.oid) AS definition
      FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
  );
  const functions = new Map(rows.map((row) => [row.name, row]));
  if (functions.size < rows.length)
    throw new Error('two database functions have one name: rename one of them');
  return functions;
}

function compare(
  name: string,
  migrated: DatabaseFunction | undefined,
  written: DatabaseFunction | undefined,
  text: string,
): FunctionDrift[] {
  const drop = migrated === undefined ? '' : `DROP FUNCTION ${migrated.signature};\n`;
  if (written === undefined) return [{ name, sql: drop }];
  if (migrated === undefined) return [{ name, sql: text }];
  if (withoutComments(migrated.definition) === withoutComments(written.definition)) return [];
  const isReplaced = migrated.signature === written.signature && migrated.result === written.result;
  return [{ name, sql: isReplaced ? text : `${drop}${text}` }];
}

/** Removes comments. A `--` inside a quoted text is no comment. */
function withoutComments(sql: string): string {
  return sql
    .replaceAll(/'(?:[^']|'')*'|--[^\n]*/g, (part) => (part.startsWith('--') ? '' : part))
    .replaceAll(/\s+/g, ' ');
}
