import { type ChildProcess, spawn } from 'node:child_process';
import { createTextHead } from '../answer-text.js';

/** How long a program may take to end by itself once it was told to. */
const KILL_GRACE_MS = 3_000;

/** What is kept of the end of standard error, in characters. */
const ERROR_TAIL_LENGTH = 2_000;

export interface ProgramStart {
  readonly argv: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What is left of a program. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output, cut. */
  readonly output: string;
  /** The end of standard error. */
  readonly errors: string;
}

/** A program that runs in a process group of its own, so that whatever it starts ends with it. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<ProgramEnd>;
  /** Gives it its whole input. A program that does not want it is no error. */
  feed(input: string): void;
  /** Asks the whole group to end, and ends it by force three seconds later. */
  stop(): void;
  /** Ends the whole group by force. */
  kill(): void;
}

/** Starts it without a shell. @throws the operating system's error if it can't be started. */
export async function startProgram({ argv: [file = '', ...args], cwd, env }: ProgramStart): Promise<Program> {
  const child = spawn(file, args, {
    cwd,
    env: { ...env },
    // A group of its own; on Windows that would open a window, and there are no groups.
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const group = createGroup(child);
  const ended = watch(child, group);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  child.on('error', () => undefined);
  return {
    pid,
    ended,
    feed(input) {
      child.stdin?.end(input);
    },
    stop() {
      group.signal('SIGTERM');
      const timer = setTimeout(() => group.signal('SIGKILL'), KILL_GRACE_MS);
      child.once('close', () => clearTimeout(timer));
    },
    kill: () => group.signal('SIGKILL'),
  };
}

function watch(child: ChildProcess, group: Group): Promise<ProgramEnd> {
  const output = createTextHead();
  let errors = '';
  // Read to the end even when nothing more is kept: a program whose output nobody takes would stand still.
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => output.push(piece));
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    errors = (errors + piece).slice(-ERROR_TAIL_LENGTH);
  });
  // EPIPE: it ended, or closed its input, before it had read all of it.
  child.stdin?.on('error', () => undefined);
  // Whatever it left behind would keep its pipes open, and work on for nobody.
  child.once('exit', () => group.end());
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, output: output.text(), errors }));
  });
}

interface Group {
  signal(signal: NodeJS.Signals): void;
  /** Kills who is left; from then on the number may be somebody else's and is not used any more. */
  end(): void;
}

function createGroup(child: ChildProcess): Group {
  let isOver = false;
  function signal(name: NodeJS.Signals): void {
    if (isOver || child.pid === undefined) return;
    if (process.platform === 'win32') child.kill(name);
    else signalGroup(child.pid, name);
  }
  return {
    signal,
    end() {
      signal('SIGKILL');
      isOver = true;
    },
  };
}

/** Nobody left in the group is no error. @throws whatever else the operating system says. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM, on macOS: only processes that have ended and are not reaped yet.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
