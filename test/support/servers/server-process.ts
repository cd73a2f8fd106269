import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, vi } from 'vitest';
import { findPostmasterPid, isRunning } from '../postgres/data-folder.js';
import { createReaper } from './reaper.js';
import { signalItself } from './signal-itself.js';

/** The admin key of servers that are given one instead of making their own. */
export const adminSecret = 'mc_admin_of_the_end_to_end_tests';

export interface ServerOptions {
  /** Left out, the server gets a new folder. */
  readonly dataDir?: string;
  /** Left out, the server runs the embedded PostgreSQL in its data folder. */
  readonly databaseUrl?: string;
  /** Further settings; they are the only `MC_*` variables that the server sees. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  /** Of the API, without a path. */
  readonly url: string;
  readonly adminKey: string;
  readonly dataDir: string;
  /** From the spawn until it was ready, in milliseconds. */
  readonly readyAfterMs: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly log: () => LogLine[];
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Whoever reads the log goes away: the pipe is closed at this end. */
  readonly leaveLog: () => void;
  /** Resolves when the process has ended, whoever ended it. */
  readonly exited: Promise<Exit>;
  /** SIGTERM; resolves with how it ended. */
  stop(): Promise<Exit>;
  /** SIGKILL, as a power cut would: nothing in the process can react. */
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
  // What a failed test has left running may still want to start the next server.
  isOver = true;
  await Promise.all([...children].map((child) => endProcess(child, 'SIGKILL')));
  await Promise.all([...folders].map(removeFolder));
  reaper.dismiss();
});

/** A new data folder. What runs in it when the file's tests are over is ended, and the folder removed. */
export async function createServerFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mission-control-e2e-'));
  // Run by root, PostgreSQL becomes another user, who must be able to pass through.
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
    readyAfterMs: performance.now() - startedAt,
    log: () => parseLog(launched.stdout()),
    signal: (signal) => void launched.child.kill(signal),
    leaveLog: () => void launched.child.stdout?.destroy(),
    stop: () => endProcess(launched.child, 'SIGTERM'),
    kill: () => endProcess(launched.child, 'SIGKILL'),
  };
}

/** Runs a server that is expected to end before it is ready, and answers all it has said. */
export async function runServer(
  options: ServerOptions,
  /** A signal that the server gets as soon as it writes a text. */
  signal?: { readonly at: string; readonly send: NodeJS.Signals },
): Promise<Exit & { readonly stdout: string; readonly stderr: string }> {
  const launched = await launch(options, signal === undefined ? [] : signalItself(signal.at, signal.send));
  const exit = await launched.exited;
  return { ...exit, stdout: launched.stdout(), stderr: launched.stderr() };
}

interface Launched extends Pick<ServerProcess, 'stdout' | 'stderr' | 'exited' | 'dataDir'> {
  readonly child: ChildProcess;
  /** Waits until the output matches, and answers what the first group of the pattern holds. */
  find(pattern: RegExp): Promise<string>;
}

async function launch(
  { dataDir, databaseUrl, env = {} }: ServerOptions,
  nodeOptions: readonly string[] = [],
): Promise<Launched> {
  const folder = dataDir ?? (await createServerFolder());
  if (isOver) throw new Error('the tests of this file are over');
  const args = ['--enable-source-maps', ...nodeOptions, join(root, 'dist', 'main.js')];
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
    // `close` and not `exit`: then everything it has written has arrived.
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

/** Without any setting of ours, and without what the test runner tells its own children. */
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
