import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A program and all its child processes. */
export interface ProcessGroup {
  signal(signal: NodeJS.Signals): void;
  /** Kills the remaining processes. Later signals do nothing, because the group id may belong to other processes then. */
  end(): void;
}

/**
 * The group that a child process leads. The leader of a sandbox is the program that made it: SIGTERM would end it, and with
 * it the whole sandbox at once, so only its descendants get that signal. The leader ends when they have ended.
 */
export function createGroup(child: ChildProcess, isSandboxed: boolean): ProcessGroup {
  let isOver = false;
  function signal(name: NodeJS.Signals): void {
    if (isOver || child.pid === undefined) return;
    if (process.platform === 'win32') child.kill(name);
    else if (isSandboxed && name !== 'SIGKILL') signalDescendants(child.pid, name);
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
  send(-pid, signal);
}

/** Sends a signal to all descendants of a process, or to its group if the system does not show them. */
function signalDescendants(leader: number, signal: NodeJS.Signals): void {
  const descendants = listDescendants(leader);
  if (descendants.length === 0) signalGroup(leader, signal);
  for (const pid of descendants) send(pid, signal);
}

/** Read from each process on its own: some systems do not let every account list /proc. */
function listDescendants(pid: number): number[] {
  const children = listChildren(pid);
  return [...children, ...children.flatMap(listDescendants)];
}

function listChildren(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
    return lists
      .flatMap((list) => list.trim().split(' '))
      .filter((child) => child !== '')
      .map(Number);
  } catch {
    return [];
  }
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM on macOS: all processes of the group have ended but are not reaped yet.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
