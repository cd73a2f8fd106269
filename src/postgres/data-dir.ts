import { access, constants, mkdir } from 'node:fs/promises';

/** Creates the server's data folder if it is missing. @throws Error that names the setting if the folder can't be written. */
export async function makeDataDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `The data folder ${path} can't be written (${reason}). Set MC_DATA_DIR to a folder that the server may write to`,
      { cause },
    );
  }
}
