import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, onTestFinished, vi } from 'vitest';
import { createInstrument, type Signal } from '../../../src/kernel/instrument.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/postgres/embedded-postgres.js';
import { clusterRoot } from './cluster-root.js';

/** Creates a data folder. After the test a PostgreSQL that still runs in it is stopped, and the folder is removed. */
export async function createDataFolder(mode = 0o711): Promise<string> {
  const dataDir = await mkdtemp(join(clusterRoot(), 'mission-control-data-'));
  await chmod(dataDir, mode);
  onTestFinished(async () => {
    const pid = await findPostmasterPid(dataDir);
    if (pid !== null && isRunning(pid)) process.kill(pid, 'SIGQUIT');
    await vi.waitFor(async () => rm(dataDir, { recursive: true, force: true, maxRetries: 10 }), 20_000);
  });
  return dataDir;
}

/** Creates a data folder with a stopped cluster in it. Copying a cluster takes a fraction of the time of creating one. */
export async function createDataFolderWithCluster(): Promise<string> {
  original ??= createOriginal();
  const dataDir = await createDataFolder();
  await promisify(execFile)('cp', ['-a', join(await original, 'postgres'), dataDir]);
  return dataDir;
}

/** The data folder that is copied: one per test file, created on first use. */
let original: Promise<string> | null = null;

afterAll(async () => {
  if (original) await rm(await original, { recursive: true });
});

async function createOriginal(): Promise<string> {
  const dataDir = await mkdtemp(join(clusterRoot(), 'mission-control-data-'));
  await chmod(dataDir, 0o711);
  await (await startPostgres(dataDir)).stop();
  return dataDir;
}

export interface StartedPostgres extends EmbeddedPostgres {
  /** Names of the log events so far. */
  readonly logged: string[];
}

/** Starts PostgreSQL, by default without durability: these tests kill processes, not the machine. */
export async function startPostgres(
  dataDir: string,
  durable = false,
  stopTimeoutMs?: number,
): Promise<StartedPostgres> {
  const logged: string[] = [];
  const instrument = createInstrument();
  instrument.listen((signal: Signal) => logged.push(signal.name));
  const postgres = await startEmbeddedPostgres({
    dataDir,
    instrument,
    durable,
    ...(stopTimeoutMs === undefined ? {} : { stopTimeoutMs }),
  });
  return { ...postgres, logged };
}

/** Starts another process, which starts PostgreSQL in the folder and then waits to be stopped or killed. */
export function spawnServer(dataDir: string) {
  const program = fileURLToPath(new URL('./embedded-server.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, dataDir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text));
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return {
    /** Resolves with the connection string when PostgreSQL is ready. */
    ready: line,
    kill: () => end(child, () => child.kill('SIGKILL')),
    stop: () => end(child, () => child.stdin.end()),
  };
}

async function end(child: ChildProcess, ask: () => void): Promise<void> {
  const exit = once(child, 'exit');
  ask();
  await exit;
}

/** The process id in `postmaster.pid`, or null without that file. */
export async function findPostmasterPid(dataDir: string): Promise<number | null> {
  const text = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number.parseInt(text, 10) || null;
}

/** Whether the process runs. A process that has ended may stay as a zombie until its parent reaps it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !(existsSync(`/proc/${pid}/stat`) && / Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  } catch {
    return false;
  }
}

/** The first column of the first row of the result. */
export async function queryValue(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}
