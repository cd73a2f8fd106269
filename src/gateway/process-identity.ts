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
