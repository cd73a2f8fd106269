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

/** Reads `postmaster.pid`. Null if the file is missing or not completely written yet. */
export async function findPostmasterFile(folder: string): Promise<PostmasterFile | null> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , port, socketFolder, , , status] = text.split('\n').map((line) => line.trim());
  if (!pid || !port) return null;
  return {
    text,
    pid: Math.abs(Number(pid)),
    address: socketFolder ? { kind: 'socket' } : { kind: 'port', port: Number(port) },
    isReady: status === 'ready',
  };
}

/**
 * Whether the postmaster that wrote the file is running. A live process with that id proves nothing: after a reboot, and
 * often in containers, the id may belong to another program. A postmaster's working directory is its data folder.
 */
export async function isPostmasterAlive(file: PostmasterFile, folder: string): Promise<boolean> {
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
