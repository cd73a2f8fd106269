import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { createTextHead } from '../answer-text.js';
import type { AccountIds } from './account-ids.js';
import { createGroup, type ProcessGroup } from './process-group.js';
import { READY_FD } from './sandbox/sandbox.js';
import { GATE_FD, openGate } from './start-gate.js';
import { createTextEnds } from './text-ends.js';

/** How long a program may take to end after SIGTERM. */
const KILL_GRACE_MS = 3_000;

/** How long a sandbox may take until it is complete. A file system that hangs would delay it without end. */
const SANDBOX_MS = 30_000;

/** Characters that are kept of each end of both streams for errors: all four fit into an error. */
const END_LENGTH = 450;

/** How a program is started. */
export interface ProgramStart {
  readonly argv: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The account of the program; this process's own if null. Only root may choose another. */
  readonly ids?: AccountIds | null;
  /** Whether `argv` makes a sandbox, which says on a file descriptor of its own when it is complete. */
  readonly isSandboxed?: boolean;
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

/** A program in a process group of its own, so that all its child processes end with it. It waits behind its gate. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<ProgramEnd>;
  /** Opens the gate and writes the whole input. It is no error if the program does not read it. */
  begin(input: string): void;
  /** Sends SIGTERM to the whole group, and SIGKILL three seconds later. */
  stop(): void;
  /** Sends SIGKILL to the whole group. */
  kill(): void;
}

/** The sandbox of a program could not be made. The program did not start. */
export class SandboxError extends Error {}

/**
 * Starts the command line of a program that waits behind its gate.
 * @throws the operating system's error if it can't be started. @throws SandboxError if its sandbox can't be made.
 */
export async function startProgram(start: ProgramStart): Promise<Program> {
  const isSandboxed = start.isSandboxed === true;
  const child = launch(start, isSandboxed);
  const group = createGroup(child, isSandboxed);
  const ended = watch(child, group, start.onOutput);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  child.on('error', () => undefined);
  if (isSandboxed) await untilReady(child, group, ended);
  return {
    pid,
    ended,
    begin(input) {
      openGate(child);
      child.stdin?.end(input);
    },
    stop() {
      const timer = setTimeout(() => group.signal('SIGKILL'), KILL_GRACE_MS);
      child.once('close', () => clearTimeout(timer));
      group.signal('SIGTERM');
    },
    kill: () => group.signal('SIGKILL'),
  };
}

function launch(
  { argv: [file = '', ...args], cwd, env, ids }: ProgramStart,
  isSandboxed: boolean,
): ChildProcess {
  return spawn(file, args, {
    cwd,
    env: { ...env },
    ...(ids && { uid: ids.uid, gid: ids.gid }),
    // A process group of its own. Windows has no groups, and would open a window.
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe', isSandboxed ? 'pipe' : 'ignore', 'pipe'],
    windowsHide: true,
  });
}

/** The program that makes the sandbox may keep its end of the pipe open, so the first line is waited for. */
async function untilReady(
  child: ChildProcess,
  group: ProcessGroup,
  ended: Promise<ProgramEnd>,
): Promise<void> {
  const ready = child.stdio[READY_FD];
  if (!(ready instanceof Readable)) throw new Error('the sandbox has no pipe');
  const timer = setTimeout(() => group.signal('SIGKILL'), SANDBOX_MS);
  const isReady = await new Promise<boolean>((resolve) => {
    ready.once('data', () => resolve(true)).once('close', () => resolve(false));
  });
  clearTimeout(timer);
  ready.destroy();
  if (isReady) return;
  const { code, signal, errorEnds } = await ended;
  throw new SandboxError(errorEnds.trim() || `it ended with ${signal ?? `code ${code}`}`);
}

function watch(
  child: ChildProcess,
  group: ProcessGroup,
  onOutput: ProgramStart['onOutput'],
): Promise<ProgramEnd> {
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
  child.stdio[GATE_FD]?.on('error', () => undefined);
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
