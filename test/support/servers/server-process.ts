import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, vi } from 'vitest';
import { clusterRoot } from '../postgres/cluster-root.js';
import { findPostmasterPid, isRunning } from '../postgres/data-folder.js';
import { createReaper } from './reaper.js';
import { signalItself } from './signal-itself.js';

/** The admin key of servers on an external PostgreSQL. */
export const adminSecret = 'mc_admin_of_the_end_to_end_tests';

export interface ServerOptions {
  /** Default: a new folder. */
  readonly dataDir?: string;
  /** Default: the embedded PostgreSQL in the data folder. */
  readonly databaseUrl?: string;
  /** The program. Default: the one that was built last. */
  readonly program?: string;
  /** Further settings. The server gets no other `MC_*` variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  /** The URL of the API, without a path. */
  readonly url: string;
  readonly adminKey: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Duration from the spawn to readiness, in milliseconds. */
  readonly readyAfterMs: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly log: () => LogLine[];
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Closes the reading end of the server's standard output. */
  readonly closeLog: () => void;
  /** Resolves when the process has ended. */
  readonly exited: Promise<Exit>;
  /** Sends SIGTERM. Resolves with how the process ended. */
  stop(): Promise<Exit>;
  /** Sends SIGKILL, so that the process can't react, as in a crash. */
  kill(): Promise<Exit>;
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly message: string;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const children = new Set<ChildProcess>();
const folders = new Set<string>();
const reaper = createReaper();
let isOver = false;

afterAll(async () => {
  // A failed test may still be running and try to start another server.
  isOver = true;
  await Promise.all([...children].map((child) => endProcess(child, 'SIGKILL')));
  await Promise.all([...folders].map(removeFolder));
  reaper.dismiss();
});

/** Creates a data folder. After the file's tests its PostgreSQL is stopped and the folder is removed. */
export async function createServerFolder(root = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(root, 'mission-control-e2e-'));
  // Started by root, PostgreSQL runs as another user, which has to be able to enter the folder.
  await chmod(folder, 0o711);
  folders.add(folder);
  reaper.watchFolder(folder);
  return folder;
}

/** Starts the built server on a free port and waits until it is ready. @throws Error with its output if it ends instead. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const startedAt = performance.now();
  const launched = await launch(options);
  const url = await Promise.race([
    launched.find(/^GraphQL and GraphiQL: (http:\S+)\/graphql$/m),
    refuse(launched),
  ]);
  await vi.waitFor(async () => expectReady(url), { timeout: 20_000, interval: 5 });
  const keyFile = await readFile(join(launched.dataDir, 'admin.key'), 'utf8').catch(() => adminSecret);
  return {
    ...launched,
    url,
    adminKey: options.env?.MC_API_KEY ?? keyFile.trim(),
    pid: launched.child.pid ?? 0,
    readyAfterMs: performance.now() - startedAt,
    log: () => parseLog(launched.stdout()),
    signal: (signal) => void launched.child.kill(signal),
    closeLog: () => void launched.child.stdout?.destroy(),
    stop: () => endProcess(launched.child, 'SIGTERM'),
    kill: () => endProcess(launched.child, 'SIGKILL'),
  };
}

/** Runs a server that is expected to end before it is ready. Returns its output. */
export async function runServer(
  options: ServerOptions,
  /** A signal that the server gets when it writes a text. */
  signal?: { readonly at: string; readonly send: NodeJS.Signals },
): Promise<Exit & { readonly stdout: string; readonly stderr: string }> {
  const launched = await launch(options, signal === undefined ? [] : signalItself(signal.at, signal.send));
  const exit = await launched.exited;
  return { ...exit, stdout: launched.stdout(), stderr: launched.stderr() };
}

interface Launched extends Pick<ServerProcess, 'stdout' | 'stderr' | 'exited' | 'dataDir'> {
  readonly child: ChildProcess;
  /** Waits until the output matches, and returns the first group of the match. */
  find(pattern: RegExp): Promise<string>;
}

async function launch(
  { dataDir, databaseUrl, program = join(root, 'dist', 'main.js'), env = {} }: ServerOptions,
  nodeOptions: readonly string[] = [],
): Promise<Launched> {
  const folder = dataDir ?? (await createServerFolder(databaseUrl === undefined ? clusterRoot() : tmpdir()));
  if (isOver) throw new Error('the tests of this file are over');
  const args = [...nodeOptions, program];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: {
      ...inheritedEnvironment(),
      MC_DATA_DIR: folder,
      MC_PORT: '0',
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl, MC_API_KEY: adminSecret }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<Exit>((resolve) => {
    // `close` comes after `exit`, when all output has arrived.
    child.once('close', (code, signal) => {
      forget(child);
      resolve({ code, signal });
    });
  });
  remember(child);
  const stdout = collect(child.stdout);
  return {
    child,
    exited,
    dataDir: folder,
    stdout,
    stderr: collect(child.stderr),
    find: (pattern) => find(child, stdout, pattern),
  };
}

/** The environment without the server's settings and without the variables of the test runner. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(MC_|VITEST|OPENCLAW_|OPENAI_|OTEL_)|^(DATABASE_URL|NODE_ENV|NODE_OPTIONS|TEST)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

async function find(child: ChildProcess, stdout: () => string, pattern: RegExp): Promise<string> {
  for (;;) {
    const match = pattern.exec(stdout());
    if (match) return match[1] ?? match[0];
    if (child.stdout) await once(child.stdout, 'data');
  }
}

async function refuse({ exited, stdout, stderr }: Launched): Promise<never> {
  const { code, signal } = await exited;
  throw new Error(`the server ended with ${signal ?? code} instead of starting:\n${stdout()}${stderr()}`);
}

async function expectReady(url: string): Promise<void> {
  const { status } = await fetch(`${url}/readyz`);
  if (status !== 200) throw new Error(`/readyz answers ${status}`);
}

function parseLog(stdout: string): LogLine[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line): LogLine => JSON.parse(line));
}

function remember(child: ChildProcess): void {
  children.add(child);
  reaper.watchProcess(child.pid ?? 0);
}

function forget(child: ChildProcess): void {
  children.delete(child);
  reaper.forgetProcess(child.pid ?? 0);
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<Exit> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }
  return { code: child.exitCode, signal: child.signalCode };
}

async function removeFolder(folder: string): Promise<void> {
  const pid = await findPostmasterPid(folder);
  if (pid !== null && isRunning(pid)) process.kill(pid, 'SIGQUIT');
  await vi.waitFor(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }), 20_000);
}
