import { type ChildProcess, spawn } from 'node:child_process';
import { createTextHead } from '../answer-text.js';
import { createTextEnds } from './text-ends.js';

/** How long a program may take to end after SIGTERM. */
const KILL_GRACE_MS = 3_000;

/** Characters that are kept of each end of both streams for errors: all four fit into an error. */
const END_LENGTH = 450;

/** How a program is started. */
export interface ProgramStart {
  readonly argv: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Receives standard output as it comes. */
  onOutput(piece: string): void;
}

/** How a program ended, and its output. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output, cut to the maximum length of an answer. */
  readonly output: string;
  /** Both ends of standard output and of standard error. */
  readonly outputEnds: string;
  readonly errorEnds: string;
}

/** A program in a process group of its own, so that all its child processes end with it. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<ProgramEnd>;
  /** Writes its whole input. It is no error if the program does not read it. */
  feed(input: string): void;
  /** Sends SIGTERM to the whole group, and SIGKILL three seconds later. */
  stop(): void;
  /** Sends SIGKILL to the whole group. */
  kill(): void;
}

/** Starts a program without a shell. @throws the operating system's error if it can't be started. */
export async function startProgram({
  argv: [file = '', ...args],
  cwd,
  env,
  onOutput,
}: ProgramStart): Promise<Program> {
  const child = spawn(file, args, {
    cwd,
    env: { ...env },
    // A process group of its own. Windows has no groups, and would open a window.
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const group = createGroup(child);
  const ended = watch(child, group, onOutput);
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

function watch(child: ChildProcess, group: Group, onOutput: ProgramStart['onOutput']): Promise<ProgramEnd> {
  const output = createTextHead();
  const outputEnds = createTextEnds(END_LENGTH);
  const errorEnds = createTextEnds(END_LENGTH);
  // Read to the end even if nothing more is kept: a program whose output is not read would block.
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    output.push(piece);
    outputEnds.push(piece);
    onOutput(piece);
  });
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => errorEnds.push(piece));
  // EPIPE: the program ended, or closed its input, before it had read all of it.
  child.stdin?.on('error', () => undefined);
  // Child processes that outlive the program would keep its pipes open and work without effect.
  child.once('exit', () => group.end());
  return new Promise((resolve) => {
    child.once('close', (code, signal) =>
      resolve({
        code,
        signal,
        output: output.text(),
        outputEnds: outputEnds.text(),
        errorEnds: errorEnds.text(),
      }),
    );
  });
}

interface Group {
  signal(signal: NodeJS.Signals): void;
  /** Kills the remaining processes. Later signals do nothing, because the group id may belong to other processes then. */
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

/** Sends a signal to a process group. An empty group is no error. @throws every other error of the operating system. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM on macOS: all processes of the group have ended but are not reaped yet.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
