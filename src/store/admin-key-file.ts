import { open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../kernel/ids.js';
import { makeDataDir } from './data-dir.js';

/** Where the generated admin key lies: readable by the server's own account alone. */
export interface AdminKeyFile {
  readonly path: string;
  /** The secret in the file, if there is one. */
  read(): Promise<string | null>;
  /** Writes the secret so that it is whole or not there at all, also after a crash. */
  write(secret: string): Promise<void>;
}

export function createAdminKeyFile(dataDir: string): AdminKeyFile {
  const path = join(dataDir, 'admin.key');
  return {
    path,
    async read() {
      try {
        return (await readFile(path, 'utf8')).trim() || null;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      }
    },
    write: (secret) => writeWhole(path, dataDir, secret),
  };
}

async function writeWhole(path: string, folder: string, secret: string): Promise<void> {
  await makeDataDir(folder);
  const draft = `${path}.${newId('key')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    await file.writeFile(`${secret}\n`);
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
}
