import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Creates the server's data folder if it is missing, and checks that something can be created in it. Permissions alone do
 * not tell: root may write anywhere, but not on a read-only or full file system, and not in /proc.
 * @throws Error that names the setting if nothing can be created there.
 */
export async function makeDataDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await rmdir(await mkdtemp(join(path, '.check-')));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `The data folder ${path} can't be written (${reason}). Set MC_DATA_DIR to a folder that the server may write to`,
      { cause },
    );
  }
}
