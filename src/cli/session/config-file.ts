import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../config/variables.js';
import { textOf } from '../../config/variables.js';
import { CommandError } from '../failures.js';

/** What `mc login` keeps. */
export interface SavedLogin {
  readonly url: string;
  readonly apiKey: string;
}

/** The file with the login, in the folder of the user. */
export function configPath(env: Environment): string {
  const windows = process.platform === 'win32' ? textOf(env, 'APPDATA') : undefined;
  const folder =
    textOf(env, 'XDG_CONFIG_HOME') ?? windows ?? join(textOf(env, 'HOME') ?? homedir(), '.config');
  return join(folder, 'mission-control', 'config.json');
}

/** Reads the login; null if there is none. @throws CommandError if the file cannot be read. */
export async function readLogin(env: Environment): Promise<SavedLogin | null> {
  const path = configPath(env);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null;
    throw unusable(path, error);
  }
  return text.trim() === '' ? null : parseLogin(path, text);
}

function parseLogin(path: string, text: string): SavedLogin {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) throw new Error('it is no JSON object');
    const { url, apiKey } = parsed as Partial<SavedLogin>;
    if (typeof url !== 'string' || typeof apiKey !== 'string') throw new Error('url or apiKey is missing');
    return { url, apiKey };
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): CommandError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `${path} cannot be read: ${reason}. Write it again: mc login`;
  return new CommandError(message, { code: 'CONFIG_UNUSABLE', cause: error });
}

/** Writes the login for this user alone. A reader never sees half of it. */
export async function saveLogin(env: Environment, login: SavedLogin): Promise<string> {
  const path = configPath(env);
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  try {
    await writeFile(temporary, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 });
    await chmod(temporary, 0o600);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${path} cannot be written: ${reason}`;
    throw new CommandError(message, { code: 'CONFIG_NOT_WRITTEN', cause: error });
  }
  return path;
}
