import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, vi } from 'vitest';
import type { ServerProcess } from '../servers/server-process.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The bundled command line. */
export const mcPath = join(root, 'dist', 'cli.js');

export interface McOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

/** How a command has ended. */
export interface McResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is still running. */
export interface RunningMc {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  signal(signal: NodeJS.Signals): void;
  /** Waits until the standard output matches. */
  until(pattern: RegExp): Promise<void>;
  /** Resolves when the command has ended. */
  readonly ended: Promise<McResult>;
}

/** A command line with an empty config folder of its own, which is removed after the tests of the file. */
export interface Mc {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  start(args: readonly string[], options?: McOptions): RunningMc;
  run(args: readonly string[], options?: McOptions): Promise<McResult>;
  /** Runs a command that is expected to succeed, and answers with its JSON. */
  json<Data>(args: readonly string[], options?: McOptions): Promise<Data>;
}

const children = new Set<ChildProcess>();

/** @param server - the server whose address and admin key are in the environment; none if left out. */
export async function createMc(server?: Pick<ServerProcess, 'url' | 'adminKey'>): Promise<Mc> {
  const folder = await mkdtemp(join(tmpdir(), 'mission-control-cli-'));
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
    TZ: 'UTC',
    ...(server ? { MC_URL: server.url, MC_API_KEY: server.adminKey } : {}),
  };
  const start: Mc['start'] = (args, options = {}) => watch(spawnMc(args, folder, env, options));
  const run: Mc['run'] = (args, options) => start(args, options).ended;
  return {
    folder,
    env,
    start,
    run,
    async json(args, options) {
      const { code, stdout, stderr } = await run([...args, '--json'], options);
      if (code !== 0) throw new Error(`mc ${args.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout);
    },
  };
}

function spawnMc(args: readonly string[], folder: string, env: Record<string, string>, options: McOptions) {
  const child = spawn(process.execPath, [mcPath, ...args], {
    cwd: options.cwd ?? folder,
    env: { ...env, ...options.env },
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  return child;
}

function watch(child: ReturnType<typeof spawnMc>): RunningMc {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
    });
  return {
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    signal: (signal) => void child.kill(signal),
    until: async (pattern) =>
      vi.waitFor(
        () => {
          if (pattern.test(output.stdout)) return;
          throw new Error(`the output does not match ${pattern}:\n${output.stdout}\n${output.stderr}`);
        },
        { timeout: 20_000, interval: 10 },
      ),
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, ...output })),
  };
}
