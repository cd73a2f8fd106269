import { open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../../kernel/ids.js';
import { makeDataDir } from '../../postgres/data-dir.js';

/** Where the generated admin key lies: readable by the server's own account alone. */
export interface AdminKeyFile {
  readonly path: string;
  /** Whether there is a file with something in it, be it readable or not. */
  exists(): Promise<boolean>;
  /** The secret in the file, if there is one. @throws Error that tells the operator what to do if it can't be read. */
  read(): Promise<string | null>;
  /**
   * Writes the secret so that it is whole or not there at all, also after a crash.
   * @throws Error that tells the operator what to do if it can't be written.
   */
  write(secret: string): Promise<void>;
}

export function createAdminKeyFile(dataDir: string): AdminKeyFile {
  const path = join(dataDir, 'admin.key');
  return {
    path,
    exists: () =>
      stat(path).then(
        (found) => found.isFile() && found.size > 0,
        () => false,
      ),
    async read() {
      try {
        return (await readFile(path, 'utf8')).trim() || null;
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
        const remedy = 'Let the server read it, move it away so that a new one is made';
        throw new Error(
          `The admin key can't be read from ${path} (${reasonOf(cause)}). ${remedy}, ${orGiveOne}`,
          { cause },
        );
      }
    },
    async write(secret) {
      await makeDataDir(dataDir);
      try {
        await writeWhole(path, secret);
      } catch (cause) {
        const remedy = 'Make room and let the server write there';
        throw new Error(
          `The admin key can't be kept in ${path} (${reasonOf(cause)}). ${remedy}, ${orGiveOne}`,
          { cause },
        );
      }
    },
  };
}

const orGiveOne = 'or set MC_API_KEY to an admin key of your own';

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

async function writeWhole(path: string, secret: string): Promise<void> {
  const draft = `${path}.${newId('key')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${secret}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
}
