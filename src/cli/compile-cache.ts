import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Environment, textOf } from '../config/variables.js';

/**
 * Keeps the compiled code of what is imported from now on. The folder belongs to the user, because another user could write code
 * into a folder for temporary files, which is Node's default. Where the folder cannot be written, Node compiles as always.
 */
export function useCompileCache(env: Environment): void {
  // Node.js 22.8 and later.
  if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function')
    module.enableCompileCache(join(cacheFolder(env), 'mission-control', 'compiled'));
}

function cacheFolder(env: Environment): string {
  const windows = process.platform === 'win32' ? textOf(env, 'LOCALAPPDATA') : undefined;
  return textOf(env, 'XDG_CACHE_HOME') ?? windows ?? join(textOf(env, 'HOME') ?? homedir(), '.cache');
}
