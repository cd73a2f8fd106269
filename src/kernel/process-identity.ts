import { readFile, readlink } from 'node:fs/promises';

/**
 * Identifies a process although its number may be reused: the boot id of the machine, the pid namespace and the start
 * time. Null if the system does not provide them (every system but Linux) or the process is not visible.
 */
export async function identifyProcess(pid: number): Promise<string | null> {
  try {
    const [boot, namespace, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readlink('/proc/self/ns/pid'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    // The second field is the program's name in brackets. It may contain any characters. The 22nd is the start time.
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot.trim()} ${namespace} ${startedAt}`;
  } catch {
    return null;
  }
}

/** Whether the identity is of this machine and pid namespace. False if the system does not provide identities. */
export async function isOfThisMachine(identity: string): Promise<boolean> {
  const here = await identifyProcess(process.pid);
  return here !== null && machineOf(here) === machineOf(identity);
}

/** The name of this process: its number and its identity. Null if the system does not provide identities. */
export async function nameOwnProcess(): Promise<string | null> {
  const identity = await identifyProcess(process.pid);
  return identity === null ? null : `${process.pid} ${identity}`;
}

/** Whether the process with this name has certainly ended. False if it ran on another machine or can't be checked. */
export async function hasProcessEnded(name: string): Promise<boolean> {
  const [, pid = '', identity = ''] = /^(\d+) (.+)$/.exec(name) ?? [];
  if (pid === '' || !(await isOfThisMachine(identity))) return false;
  const found = await identifyProcess(Number(pid));
  // Another user's process can be running although /proc hides it.
  return found === null ? !isThere(Number(pid)) : found !== identity;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The identity without its last word, the start time. */
function machineOf(identity: string): string {
  return identity.slice(0, identity.lastIndexOf(' '));
}
