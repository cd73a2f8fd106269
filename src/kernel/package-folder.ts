import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of this package, both for code in src and for the bundle in dist.
 *
 * @throws Error if no folder above the code contains package.json.
 */
export function findPackageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error('package.json was not found above the code: reinstall the package');
    folder = parent;
  }
  return folder;
}
