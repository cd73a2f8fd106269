import { mkdir, readFile, readlink, rename, symlink } from 'node:fs/promises';
import { basename, delimiter, dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';

const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

interface Link {
  /** Absolute path of the link. */
  readonly at: string;
  /** Absolute path of the file that it points to. */
  readonly file: string;
}

/**
 * Creates the symbolic links without which the loader does not find libicu. An npm package can't contain links; the
 * package's install script would create them, but install scripts are often disabled.
 *
 * Returns null if the links are in the package, where the programs look by default. If the package can't be written, the
 * links are in `privateFolder`, and the result is the loader's search path: that folder and the package's, because a library
 * found through a link searches for others beside the link. Several processes may do this at once: one of them creates a
 * link, the others find it.
 */
export async function linkLibraries(packageRoot: string, privateFolder: string): Promise<string | null> {
  const links = await listLinks(packageRoot);
  try {
    for (const link of links) await makeLink(link, relative(dirname(link.at), link.file));
    return null;
  } catch (error) {
    if (!isReadOnly(error)) throw error;
  }
  await mkdir(privateFolder, { recursive: true });
  for (const { at, file } of links) await makeLink({ at: join(privateFolder, basename(at)), file }, file);
  return [privateFolder, join(packageRoot, 'native', 'lib')].join(delimiter);
}

async function listLinks(packageRoot: string): Promise<Link[]> {
  const text = await readFile(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8').catch(
    (error: unknown) => {
      // A package without links, such as the one for Windows, has no such list.
      if (codeOf(error) === 'ENOENT') return '[]';
      throw error;
    },
  );
  return linkList
    .parse(JSON.parse(text))
    .map(({ source, target }) => ({ at: resolve(packageRoot, target), file: resolve(packageRoot, source) }));
}

async function makeLink(link: Link, content: string): Promise<void> {
  const found = await readlink(link.at).catch(() => null);
  if (found === content) return;
  if (found === null) return createLink(content, link.at);
  // A link that points elsewhere is replaced atomically: created under another name and renamed.
  const temporary = `${link.at}.${process.pid}`;
  await createLink(content, temporary);
  await rename(temporary, link.at);
}

async function createLink(content: string, at: string): Promise<void> {
  try {
    await symlink(content, at);
  } catch (error) {
    // Another process created it, or it is a regular file: some installers copy instead of linking.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function isReadOnly(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
