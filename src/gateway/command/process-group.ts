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
 * it the whole sandbox at once, so only the others get that signal. The leader ends when they have ended.
 */
export function createGroup(child: ChildProcess, isSandboxed: boolean): ProcessGroup {
  let isOver = false;
  function signal(name: NodeJS.Signals): void {
    if (isOver || child.pid === undefined) return;
    if (process.platform === 'win32') child.kill(name);
    else if (isSandboxed && name !== 'SIGKILL') signalMembers(child.pid, name);
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

/** Sends a signal to the processes of a group without its leader, on Linux. */
function signalMembers(leader: number, signal: NodeJS.Signals): void {
  const members = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid !== leader && groupOf(pid) === leader);
  for (const pid of members) send(pid, signal);
}

/** The group id is the third field after the program's name, which is in brackets and may contain any characters. */
function groupOf(pid: number): number | null {
  if (!Number.isInteger(pid)) return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return null;
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
