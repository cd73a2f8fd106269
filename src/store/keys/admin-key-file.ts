import { open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isGeneratedSecret, newId } from '../../kernel/ids.js';
import { makeDataDir } from '../../postgres/data-dir.js';

/** The file with the generated admin key, readable only by the account of the server. */
export interface AdminKeyFile {
  readonly path: string;
  /** Whether a non-empty file exists, even an unreadable one. */
  exists(): Promise<boolean>;
  /** The secret in the file; null if there is none. @throws Error with instructions if it cannot be read or is no key. */
  read(): Promise<string | null>;
  /**
   * Writes the secret atomically, so that a crash leaves no partial file.
   * @throws Error with instructions if the file cannot be written.
   */
  write(secret: string): Promise<void>;
}

/** The admin key file in the given data directory; nothing is read or written yet. */
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
      const secret = await readSecret(path);
      if (secret === null || isGeneratedSecret(secret)) return secret;
      throw new Error(
        `The file ${path} contains no key that a server has generated. Restore it, move it away so that a new key is generated, ${orGiveOne}`,
      );
    },
    async write(secret) {
      await makeDataDir(dataDir);
      try {
        await writeAtomically(path, secret);
      } catch (cause) {
        const remedy = 'Free disk space and make the directory writable for the server';
        throw new Error(
          `The admin key cannot be written to ${path} (${reasonOf(cause)}). ${remedy}, ${orGiveOne}`,
          { cause },
        );
      }
    },
  };
}

async function readSecret(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim() || null;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    const remedy = 'Make it readable for the server, move it away so that a new one is generated';
    throw new Error(
      `The admin key cannot be read from ${path} (${reasonOf(cause)}). ${remedy}, ${orGiveOne}`,
      {
        cause,
      },
    );
  }
}

const orGiveOne = 'or set MC_API_KEY to an admin key of your own';

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

async function writeAtomically(path: string, secret: string): Promise<void> {
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
