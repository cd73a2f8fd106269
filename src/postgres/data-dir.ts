import { access, constants, mkdir } from 'node:fs/promises';

/** Makes the server's data folder unless it is there. @throws Error that names the setting if nothing can be kept in it. */
export async function makeDataDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Nothing can be kept in the data folder ${path} (${reason}). Set MC_DATA_DIR to a folder that the server may write to`,
      { cause },
    );
  }
}
