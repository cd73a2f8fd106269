import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createInstrument } from '../../../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../../../src/postgres/embedded-postgres.js';
import { clusterRoot } from './cluster-root.js';

export interface ThrowAwayPostgres {
  /** URL for a superuser to a database that nothing else uses. */
  readonly adminUrl: string;
  /** Stops PostgreSQL and removes its folder. */
  stop(): Promise<void>;
}

/** Each test file clones a database of 500 files: this takes 20 ms of the processor instead of 50. */
const COPIED_BY_THE_KERNEL = { file_copy_method: 'clone' };

/** Starts a PostgreSQL without durability in a temporary folder, which is removed when this process ends. */
export async function startThrowAwayPostgres(): Promise<ThrowAwayPostgres> {
  const dataDir = await mkdtemp(join(clusterRoot(), 'mission-control-test-'));
  // Started by root, PostgreSQL runs as another user, which has to be able to enter the folder.
  await chmod(dataDir, 0o711);
  const postgres = await startEmbeddedPostgres({
    dataDir,
    instrument: createInstrument(),
    durable: false,
    settings: {
      max_connections: '200',
      max_wal_size: '256MB',
      ...(process.platform === 'linux' && COPIED_BY_THE_KERNEL),
    },
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

/** Reads the server's major version. */
export async function readServerVersion(url: string): Promise<number> {
  const [row] = await runSql(url, `SELECT current_setting('server_version_num')::int / 10000 AS major`);
  return Number(row?.major);
}

/** The URL of another database of the same server. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs the commands one after the other on a connection of their own. Returns the rows of the last one. */
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
 * Starts a shell that cleans up at the end of its input, which comes even if this process is killed. The returned function
 * sends `keep`, so that the shell does nothing.
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
