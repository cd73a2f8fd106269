import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/** If one of these is missing, PostgreSQL refuses to start or, worse, starts with data missing. */
const vitalEntries = [
  'global/pg_control',
  'base',
  'pg_wal',
  'pg_xact',
  'pg_multixact',
  'postgresql.conf',
  'pg_hba.conf',
];

/**
 * Checks whether the folder contains a cluster or is empty. Changes nothing.
 * @throws EmbeddedPostgresError if the folder is of another major version, is damaged, or can't be read.
 */
export async function inspectDataFolder(folder: string, major: number): Promise<'empty' | 'cluster'> {
  const entries = await listEntries(folder);
  if (entries.length === 0) return 'empty';
  if (!entries.includes('PG_VERSION')) throw damaged(folder, 'it is not empty, but has no PG_VERSION');
  const version = (await readVersion(folder)).trim();
  if (version !== String(major)) throw otherMajorVersion(folder, version, major);
  for (const entry of vitalEntries) {
    if (!(await exists(join(folder, entry)))) throw damaged(folder, `${entry} is missing`);
  }
  return 'cluster';
}

async function listEntries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') throw damaged(folder, 'it is a file');
    throw notReadable(folder, cause);
  }
}

function readVersion(folder: string): Promise<string> {
  return readFile(join(folder, 'PG_VERSION'), 'utf8').catch((cause: unknown) => {
    throw notReadable(folder, cause);
  });
}

function notReadable(folder: string, cause: unknown): EmbeddedPostgresError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EmbeddedPostgresError(
    `The PostgreSQL data folder ${folder} can't be read (${reason}). Start the server as the user that owns it.`,
    { fault: 'NOT_ACCESSIBLE', cause },
  );
}

function damaged(folder: string, finding: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The PostgreSQL data folder ${folder} is damaged: ${finding}. Nothing in it was changed. ` +
      'Restore it from a backup, or move it away to start with an empty database.',
    { fault: 'DAMAGED' },
  );
}

function otherMajorVersion(folder: string, version: string, major: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The PostgreSQL data folder ${folder} was created by PostgreSQL ${version || 'of an unknown version'}, and this ` +
      `server contains PostgreSQL ${major}. Nothing in it was changed. Use the server version that created it, or ` +
      'transfer the data with pg_dump and pg_restore.',
    { fault: 'OTHER_MAJOR_VERSION' },
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
