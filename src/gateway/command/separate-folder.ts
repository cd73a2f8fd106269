import { realpath } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';

/** A folder of the server, and what it is. */
export interface OwnFolder {
  readonly path: string;
  readonly what: string;
}

/**
 * Requires that a program that works in its folder neither meets the server's files nor changes the code that the server
 * starts from. A server that was started in the root folder, as service managers do, has only its other folders.
 * @throws Error that tells the operator what to do.
 */
export async function requireSeparateFolder(
  setting: string,
  folder: string,
  own: readonly OwnFolder[],
): Promise<void> {
  const path = await resolveLinks(folder);
  for (const { path: each, what } of own) {
    const ownPath = await resolveLinks(each);
    if (ownPath === parse(ownPath).root) continue;
    if (contains(ownPath, path) || contains(path, ownPath))
      throw new Error(
        `${setting} names ${folder}, and programs there would meet ${what}, ${ownPath}. Name a folder that is neither inside of it nor contains it`,
      );
  }
}

function contains(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

/** The path without symbolic links, also if its last parts do not exist yet. */
async function resolveLinks(path: string): Promise<string> {
  const absolute = resolve(path);
  const found = await realpath(absolute).catch(() => null);
  if (found !== null || dirname(absolute) === absolute) return found ?? absolute;
  return join(await resolveLinks(dirname(absolute)), absolute.slice(dirname(absolute).length));
}
