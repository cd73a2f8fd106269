import { readFile, readlink } from 'node:fs/promises';

/**
 * What tells a process from every other one that has had or will have its number: the boot of the machine, the
 * namespace of process numbers, and when it began. Null where the system does not tell (everything but Linux).
 */
export async function identifyProcess(pid: number): Promise<string | null> {
  try {
    const [boot, namespace, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readlink('/proc/self/ns/pid'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    // The second field is the program's name in brackets and may hold anything; the 22nd is the start.
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot.trim()} ${namespace} ${startedAt}`;
  } catch {
    return null;
  }
}

/** Whether an identity is that of a process whose number means the same here; false where the system does not tell. */
export async function isOfThisMachine(identity: string): Promise<boolean> {
  const here = await identifyProcess(process.pid);
  return here !== null && machineOf(here) === machineOf(identity);
}

/** Number and identity of this process; null where the system does not tell. */
export async function nameOwnProcess(): Promise<string | null> {
  const identity = await identifyProcess(process.pid);
  return identity === null ? null : `${process.pid} ${identity}`;
}

/** Whether the process of that name has surely ended. False for one on another machine, and where nobody can tell. */
export async function hasProcessEnded(name: string): Promise<boolean> {
  const [, pid = '', identity = ''] = /^(\d+) (.+)$/.exec(name) ?? [];
  if (pid === '' || !(await isOfThisMachine(identity))) return false;
  const found = await identifyProcess(Number(pid));
  // A process of somebody else may be there and hidden.
  return found === null ? !isThere(Number(pid)) : found !== identity;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Without the last word, the start. */
function machineOf(identity: string): string {
  return identity.slice(0, identity.lastIndexOf(' '));
}
