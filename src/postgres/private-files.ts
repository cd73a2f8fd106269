import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Files of the data folder with secrets, or with statements and values from the database. */
const PRIVATE_FILES = ['admin.key', 'openclaw-device.pem', 'postgres.log', 'postgres.log.old'];

/** A file that only its owner can read. */
export const PRIVATE_FILE_MODE = 0o600;

/**
 * Only the owner can use the data folder. PostgreSQL does not run as root: a server that root has started runs it as another
 * account, which has to pass through the folder but not list it.
 */
export function dataFolderMode(): number {
  return process.getuid?.() === 0 ? 0o711 : 0o700;
}

/**
 * Takes from others the rights that they have on the data folder and on its private files, as far as this account may.
 * Leaves a folder alone that is meant for all, such as /tmp. Returns what it has changed.
 */
export async function narrowDataDir(dataDir: string): Promise<readonly string[]> {
  if (process.platform === 'win32') return [];
  const folder = await stat(dataDir).catch(() => null);
  const isForAll = folder === null || (folder.mode & 0o1000) !== 0;
  const narrowed = isForAll ? [] : [await narrow(dataDir, dataFolderMode())];
  for (const name of PRIVATE_FILES) narrowed.push(await narrow(join(dataDir, name), PRIVATE_FILE_MODE));
  return narrowed.filter((path) => path !== null);
}

/** Returns the path if its mode was wider. Another account's files are not this server's to change. */
async function narrow(path: string, mode: number): Promise<string | null> {
  try {
    const found = (await stat(path)).mode & 0o777;
    if ((found & ~mode) === 0) return null;
    await chmod(path, found & mode);
    return path;
  } catch {
    return null;
  }
}
