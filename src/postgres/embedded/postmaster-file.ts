import { link, readFile, readlink, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Address, socketPort } from './address.js';

/** The contents of `postmaster.pid`, which a running postmaster writes. */
export interface PostmasterFile {
  readonly text: string;
  readonly pid: number;
  readonly address: Address;
  readonly isReady: boolean;
}

/** Reads `postmaster.pid`. Null if the file is missing, not completely written yet, or garbled. */
export async function findPostmasterFile(folder: string): Promise<PostmasterFile | null> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const [, , , port, socketFolder, , , status] = text.split('\n').map((line) => line.trim());
  const pid = pidIn(text);
  if (pid === null || !port) return null;
  return {
    text,
    pid,
    address: socketFolder ? { kind: 'socket' } : { kind: 'port', port: Number(port) },
    isReady: status === 'ready',
  };
}

/**
 * Whether the postmaster that wrote the file is running. A live process with that id proves nothing: after a reboot, and
 * often in containers, the id may belong to another program. A postmaster's working directory is its data folder.
 */
export async function isPostmasterAlive(file: Pick<PostmasterFile, 'pid'>, folder: string): Promise<boolean> {
  if (!isProcessAlive(file.pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return (await readlink(`/proc/${file.pid}/cwd`)) === (await realpath(folder));
  } catch (error) {
    // Some containers forbid root to read other users' working directories, but not their process names.
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) return false;
    return (await readFile(`/proc/${file.pid}/comm`, 'utf8').catch(() => '')).trim() === 'postgres';
  }
}

/**
 * Removes the lock files of a dead postmaster. PostgreSQL removes them itself unless another program now has the process
 * id; in that case it would always refuse to start.
 */
export async function removeStaleLockFiles(stale: PostmasterFile, folder: string): Promise<void> {
  if (!isProcessAlive(stale.pid)) return;
  await removeIfStill(join(folder, 'postmaster.pid'), (text) => text === stale.text);
  const socketLock = join(folder, `.s.PGSQL.${socketPort}.lock`);
  await removeIfStill(socketLock, (text) => text.split('\n')[0]?.trim() === String(stale.pid));
}

/**
 * Removes the lock files that name no running postmaster, after PostgreSQL has refused to start because of one. A power cut
 * or a full disk can leave an empty or garbled file, and PostgreSQL does not start over it. A postmaster that is just
 * starting has written its file by then; and of two on one folder the second ends, because the first has shared memory.
 */
export async function removeBrokenLockFiles(folder: string): Promise<void> {
  for (const name of ['postmaster.pid', `.s.PGSQL.${socketPort}.lock`]) {
    const path = join(folder, name);
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null || (await namesPostmaster(text, folder))) continue;
    await removeIfStill(path, (current) => current === text);
  }
}

async function namesPostmaster(text: string, folder: string): Promise<boolean> {
  const pid = pidIn(text);
  return pid !== null && (await isPostmasterAlive({ pid }, folder));
}

/** The process id in the first line; null if there is none. A standalone backend writes it with a minus sign. */
function pidIn(text: string): number | null {
  const [, digits] = /^\s*-?(\d{1,10})\s*(?:\n|$)/.exec(text) ?? [];
  return digits === undefined || Number(digits) === 0 ? null : Number(digits);
}

/** Whether a process with this id exists, of any user. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Moves the file aside and checks it again: a new postmaster may have written its own since the file was read. */
async function removeIfStill(path: string, isStale: (text: string) => boolean): Promise<void> {
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if (!isStale(await readFile(aside, 'utf8'))) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
