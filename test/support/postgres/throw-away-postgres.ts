import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createInstrument } from '../../../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../../../src/postgres/embedded-postgres.js';

export interface ThrowAwayPostgres {
  /** A superuser's connection to a database that nobody else needs. */
  readonly adminUrl: string;
  /** Ends PostgreSQL and removes its folder. */
  stop(): Promise<void>;
}

/** A PostgreSQL that forgets everything: no fsync, a folder in the system's temporary one, gone when the process is. */
export async function startThrowAwayPostgres(): Promise<ThrowAwayPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mission-control-test-'));
  // Run by root, PostgreSQL becomes another user, who must be able to pass through.
  await chmod(dataDir, 0o711);
  const postgres = await startEmbeddedPostgres({
    dataDir,
    instrument: createInstrument(),
    durable: false,
    settings: { max_connections: '200' },
  });
  const disarm = await removeWhenKilled(dataDir);
  return {
    adminUrl: postgres.connectionString,
    stop: async () => {
      disarm();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export async function createDatabase(adminUrl: string, name: string): Promise<void> {
  await runSql(adminUrl, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
}

/** The major version. */
export async function readServerVersion(url: string): Promise<number> {
  const [row] = await runSql(url, `SELECT current_setting('server_version_num')::int / 10000 AS major`);
  return Number(row?.major);
}

/** The same server, another database. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs the commands one by one on a connection of their own; answers the rows of the last. */
export async function runSql(url: string, ...commands: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const command of commands) ({ rows } = await client.query(command));
    return rows;
  } finally {
    await client.end();
  }
}

/**
 * A shell that waits for the end of its input, which comes even when this process is killed outright. It says `keep`
 * if it should not act.
 */
async function removeWhenKilled(dataDir: string): Promise<() => void> {
  if (process.platform === 'win32') return () => undefined;
  const pid = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0] ?? '';
  const script = 'read -r word; [ "$word" = keep ] || { kill -QUIT "$1"; sleep 1; rm -rf "$2"; }';
  const guard = spawn('/bin/sh', ['-c', script, 'guard', pid, dataDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  return () => guard.stdin.end('keep\n');
}
