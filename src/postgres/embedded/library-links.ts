import { mkdir, readFile, readlink, rename, symlink } from 'node:fs/promises';
import { basename, delimiter, dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';

const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

interface Link {
  /** Absolute path of the link. */
  readonly at: string;
  /** Absolute path of the file it stands for. */
  readonly file: string;
}

/**
 * Makes the links without which the loader misses libicu. An npm package can't carry links; the package's install
 * script would make them, but install scripts often don't run.
 *
 * Answers null if the links are in the package, where the programs look by themselves, or else where the loader has to
 * look: in `privateFolder`, used when the package can't be written to, and in the package, since a library that was
 * found through a link looks for others beside the link. Several processes may do this at once: each link is either
 * made by one of them or found by the others.
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
      // Packages without links, such as the one for Windows, have no list.
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
  // One that points elsewhere is replaced in one step: made aside and moved into place.
  const aside = `${link.at}.${process.pid}`;
  await createLink(content, aside);
  await rename(aside, link.at);
}

async function createLink(content: string, at: string): Promise<void> {
  try {
    await symlink(content, at);
  } catch (error) {
    // Another process was faster, or there is a true file: some installers copy instead of linking.
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
