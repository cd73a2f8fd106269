import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, onTestFinished, vi } from 'vitest';
import { createInstrument, type Signal } from '../../../src/kernel/instrument.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/postgres/embedded-postgres.js';

/** A new folder; whatever PostgreSQL runs in it when the test is over is ended, and the folder removed. */
export async function aDataFolder(mode = 0o711): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mission-control-data-'));
  await chmod(dataDir, mode);
  onTestFinished(async () => {
    const pid = await findPostmasterPid(dataDir);
    if (pid !== null && isRunning(pid)) process.kill(pid, 'SIGQUIT');
    await vi.waitFor(async () => rm(dataDir, { recursive: true, force: true, maxRetries: 10 }), 20_000);
  });
  return dataDir;
}

/** The same with a cluster in it, stopped: copying one takes a fraction of the time that creating one takes. */
export async function aDataFolderWithCluster(): Promise<string> {
  seed ??= createSeed();
  const dataDir = await aDataFolder();
  await promisify(execFile)('cp', ['-a', join(await seed, 'postgres'), dataDir]);
  return dataDir;
}

/** One for each test file, made when it is first asked for. */
let seed: Promise<string> | null = null;

afterAll(async () => {
  if (seed) await rm(await seed, { recursive: true });
});

async function createSeed(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mission-control-data-'));
  await chmod(dataDir, 0o711);
  await (await start(dataDir)).stop();
  return dataDir;
}

export interface Started extends EmbeddedPostgres {
  /** Names of what it said so far. */
  readonly said: string[];
}

/** Starts without durability: these tests kill processes, not the machine. */
export async function start(dataDir: string, durable = false, stopTimeoutMs?: number): Promise<Started> {
  const said: string[] = [];
  const instrument = createInstrument();
  instrument.listen((signal: Signal) => said.push(signal.name));
  const postgres = await startEmbeddedPostgres({
    dataDir,
    instrument,
    durable,
    ...(stopTimeoutMs === undefined ? {} : { stopTimeoutMs }),
  });
  return { ...postgres, said };
}

/** Another process that starts PostgreSQL in the folder and then waits to be killed or told to stop. */
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
    /** Its connection string, once PostgreSQL is ready. */
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

export async function findPostmasterPid(dataDir: string): Promise<number | null> {
  const text = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number.parseInt(text, 10) || null;
}

/** Whether the process does anything yet: one that has ended may stay in the table until its parent asks for it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !(existsSync(`/proc/${pid}/stat`) && / Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  } catch {
    return false;
  }
}

/** The first column of the first row. */
export async function askFor(url: string, sql: string): Promise<unknown> {
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
