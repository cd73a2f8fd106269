import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Environment } from '../../config/variables.js';

/** A program to run once. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly stdin: string;
  /** How long it may run, in milliseconds; without a limit if left out. */
  readonly timeoutMs: number | undefined;
  /** How long it may take to end after SIGTERM, in milliseconds. */
  readonly graceMs: number;
  /** Ends the program when it is aborted. */
  readonly signal: AbortSignal;
  readonly onOutput: (chunk: Buffer) => void;
  readonly onError: (chunk: Buffer) => void;
}

/** How a program has ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether its time was over. */
  readonly isTimeout: boolean;
}

/** A program that has left a process behind may keep its pipes open for ever. */
const PIPE_GRACE_MS = 1_000;

/**
 * Runs a program to its end. When the signal is aborted or the time is over, its process group gets SIGTERM, and SIGKILL after
 * the grace. Resolves only when the program has ended, so that two programs never work on the same task.
 *
 * @throws the error of the operating system if it cannot be started.
 */
export async function runProgram(program: Program): Promise<Ending> {
  const isGrouped = process.platform !== 'win32';
  const child = spawn(program.command, [...program.args], {
    detached: isGrouped,
    windowsHide: true,
    env: program.env,
    stdio: 'pipe',
  });
  child.stdout.on('data', program.onOutput);
  child.stderr.on('data', program.onError);
  // A program need not read its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(program.stdin);
  await once(child, 'spawn');

  let isTimeout = false;
  let killer: NodeJS.Timeout | undefined;
  const terminate = () => {
    endGroup(child, isGrouped, 'SIGTERM');
    killer ??= setTimeout(() => endGroup(child, isGrouped, 'SIGKILL'), program.graceMs);
  };
  const expire = () => {
    isTimeout = true;
    terminate();
  };
  const timer = program.timeoutMs === undefined ? undefined : setTimeout(expire, program.timeoutMs);
  program.signal.addEventListener('abort', terminate, { once: true });
  if (program.signal.aborted) terminate();
  try {
    const { code, signal } = await ended(child);
    return { code, signal, isTimeout };
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    program.signal.removeEventListener('abort', terminate);
  }
}

async function ended(child: ChildProcess): Promise<Omit<Ending, 'isTimeout'>> {
  const closed = once(child, 'close');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const timer = setTimeout(() => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, PIPE_GRACE_MS);
  await closed;
  clearTimeout(timer);
  return { code: child.exitCode, signal: child.signalCode };
}

/** The group contains what the program has started. */
function endGroup(child: ChildProcess, isGrouped: boolean, signal: NodeJS.Signals): void {
  try {
    if (isGrouped && child.pid !== undefined) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // It has ended already.
  }
}
