import { access, constants, mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { dataFolderMode } from './private-files.js';

/** Creates the server's data folder if it is missing. @throws Error that names the setting if the folder can't be written. */
export async function makeDataDir(path: string): Promise<void> {
  await orNameSetting(path, async () => {
    await makeFolder(resolve(path), dataFolderMode());
    await access(path, constants.W_OK);
  });
}

/** Creates a folder with its mode, and its parents with the usual one. The recursive `mkdir` of Node.js never returns for a folder in /proc. */
async function makeFolder(path: string, mode?: number): Promise<void> {
  const parent = dirname(path);
  try {
    await makeOne(path, mode);
  } catch (error) {
    if (parent === path || !(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw error;
    await makeFolder(parent);
    await makeOne(path, mode);
  }
}

/** Another server may create the same folder at the same time. */
async function makeOne(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (!(await isFolder(path))) throw error;
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/**
 * Creates something in the data folder and removes it. The permissions of the folder alone do not tell whether that works:
 * root may write anywhere, but nothing can be created on a read-only or full file system, or in /proc.
 * @throws Error that names the setting if nothing can be created.
 */
export async function requireWritable(path: string): Promise<void> {
  await orNameSetting(path, async () => rmdir(await mkdtemp(join(path, '.check-'))));
}

async function orNameSetting(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `The data folder ${path} can't be written (${reason}). Set MC_DATA_DIR to a folder that the server may write to`,
      { cause },
    );
  }
}
