import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createJumpingClock, type JumpingClock } from '../../test/support/servers/jumping-clock.js';
import type { Reaper } from '../../test/support/servers/reaper.js';

/** The built server. */
const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The pause of a supervisor before it starts a server again that could not start, in milliseconds. */
const RESTART_MS = 300;

/** What a server process uses. */
export interface Usage {
  readonly residentMb: number;
  readonly files: number;
}

/** A server of a run, which is killed and started again. It has a supervisor that starts it until it is ready. */
export interface Server {
  readonly clock: JumpingClock;
  /** The port of the process that runs now; null while none listens. */
  port(): number | null;
  start(): Promise<void>;
  /** Ends the process and resolves when it has ended. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Complaints about all processes so far: faults in the log, stacks, and processes that ended by themselves. */
  readonly complaints: readonly string[];
  /** How many processes were started. */
  starts(): number;
  /** What the process that runs now uses, and what it used when it was ready. */
  usage(): Promise<{ readonly atStart: Usage; readonly now: Usage }>;
}

/** What a server needs. */
export interface ServerOptions {
  readonly name: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ends the process when the suite itself is killed. */
  readonly reaper: Reaper;
}

/** Makes a server. Nothing is started yet. */
export async function createServer({ name, folder, env, reaper }: ServerOptions): Promise<Server> {
  const clock = await createJumpingClock(folder);
  const file = createWriteStream(join(folder, 'server.log'));
  const settings = { ...env, ...clock.env, MC_DATA_DIR: join(folder, 'data'), MC_PORT: '0' };
  return new SupervisedServer(name, clock, file, settings, reaper);
}

class SupervisedServer implements Server {
  readonly complaints: string[] = [];
  #child: ChildProcess | null = null;
  #port: number | null = null;
  #atStart: Usage = { residentMb: 0, files: 0 };
  #starts = 0;
  #isWanted = false;

  constructor(
    private readonly name: string,
    readonly clock: JumpingClock,
    private readonly file: WriteStream,
    private readonly env: Readonly<Record<string, string>>,
    private readonly reaper: Reaper,
  ) {}

  port(): number | null {
    return this.#port;
  }

  starts(): number {
    return this.#starts;
  }

  async start(): Promise<void> {
    this.#isWanted = true;
    while (this.#isWanted && this.#port === null) {
      await this.#launch();
      if (this.#port === null) await delay(RESTART_MS);
    }
    const pid = this.#child?.pid;
    if (pid !== undefined) this.#atStart = await readUsage(pid).catch(() => this.#atStart);
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await Promise.race([closed, delay(30_000, null, { ref: false })]);
    if (this.#child !== child) return;
    this.#complain('did not end within 30 s of SIGTERM');
    child.kill('SIGKILL');
    await closed;
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async usage(): Promise<{ atStart: Usage; now: Usage }> {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    return { atStart: this.#atStart, now: await readUsage(pid) };
  }

  /** Starts the process and resolves when it listens or has ended. */
  async #launch(): Promise<void> {
    this.#starts += 1;
    const child = spawn(process.execPath, [PROGRAM], {
      env: { PATH: process.env.PATH, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.reaper.watchProcess(child.pid ?? 0);
    const listens = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.file.write(`${line}\n`);
        const port = /^GraphQL and GraphiQL: http:\/\/\S+:(\d+)\/graphql$/.exec(line)?.[1];
        if (port !== undefined) this.#port = Number(port);
        if (port !== undefined) resolve();
        if (line.startsWith('{') && line.includes('"level":"error"')) this.#complain(line);
      });
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.file.write(`stderr: ${line}\n`);
      if (/^\s+at /.test(line)) this.#complain(`stderr: ${line}`);
    });
    const ended = once(child, 'close').then(([code, signal]) => {
      this.reaper.forgetProcess(child.pid ?? 0);
      const wasReady = this.#port !== null;
      this.#child = null;
      this.#port = null;
      if (wasReady && this.#isWanted) {
        this.#complain(`ended by itself with ${signal ?? code}`);
        void this.start();
      }
    });
    await Promise.race([listens, ended]);
  }

  #complain(text: string): void {
    this.complaints.push(`${this.name}: ${text}`);
  }
}

/** Reads what a process uses (Linux; zeros elsewhere). */
async function readUsage(pid: number): Promise<Usage> {
  if (process.platform !== 'linux') return { residentMb: 0, files: 0 };
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const files = await readdir(`/proc/${pid}/fd`);
  return {
    residentMb: Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024),
    files: files.length,
  };
}
