import { link, readFile, readlink, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Address, socketPort } from './address.js';

/** What a running postmaster writes about itself into `postmaster.pid`. */
export interface PostmasterFile {
  readonly text: string;
  readonly pid: number;
  readonly address: Address;
  readonly isReady: boolean;
}

/** Null if no postmaster claims the folder, or one is only just writing its claim. */
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
 * Whether the postmaster behind the file runs. A process of that number is not enough: after a reboot, and always in
 * containers, the number may be another program's. A postmaster's working folder is its data folder.
 */
export async function isPostmasterAlive(file: PostmasterFile, folder: string): Promise<boolean> {
  if (!isProcessAlive(file.pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return (await readlink(`/proc/${file.pid}/cwd`)) === (await realpath(folder));
  } catch (error) {
    // Some containers keep root from looking at other users' processes, but not from their names.
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) return false;
    return (await readFile(`/proc/${file.pid}/comm`, 'utf8').catch(() => '')).trim() === 'postgres';
  }
}

/**
 * Takes a dead postmaster's claims out of the way of a new one. PostgreSQL does so itself unless another program has
 * got the process number meanwhile; then it would refuse to start for ever.
 */
export async function removeStaleClaims(stale: PostmasterFile, folder: string): Promise<void> {
  if (!isProcessAlive(stale.pid)) return;
  await removeIfStill(join(folder, 'postmaster.pid'), (text) => text === stale.text);
  const socketLock = join(folder, `.s.PGSQL.${socketPort}.lock`);
  await removeIfStill(socketLock, (text) => text.split('\n')[0]?.trim() === String(stale.pid));
}

/** Whether there is a process with this number, whosever it is. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Looks again after moving the file aside: between reading and removing, a new postmaster may have written its own. */
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
