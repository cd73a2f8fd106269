import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Environment } from '../../config/variables.js';
import { textOf } from '../../config/variables.js';
import { configPath, readLogin } from '../session/config-file.js';
import { bad, type Check, good } from './check.js';

/** The versions of Node.js that package.json names. */
const NODE_NEEDED = 'Node.js 20.19, 22.13, or 24 and later';

/** Whether Node.js is new enough. */
export function checkNode(): readonly Check[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major >= 24 || (major === 22 && minor >= 13) || (major === 20 && minor >= 19);
  const name = `Node.js ${process.versions.node}`;
  return [isNew ? good('node', name) : bad('node', `${name} is not supported.`, `Install ${NODE_NEEDED}.`)];
}

/** Whether a server could start with these settings. */
export async function checkSettings(env: Environment): Promise<readonly Check[]> {
  const { ConfigError, parseConfig } = await import('../../config/config.js');
  try {
    parseConfig(env);
    return [good('settings', 'The settings of the environment are valid.')];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) =>
      bad('settings', problem, 'All settings: docs/operations.md#settings'),
    );
  }
}

/** Whether a server could keep its data on this machine. It matters only where one is meant to run. */
export async function checkDataFolder(env: Environment): Promise<readonly Check[]> {
  if (textOf(env, 'DATABASE_URL') !== undefined)
    return [good('data folder', 'DATABASE_URL names the database: no data folder is needed for it.')];
  const folder = resolve(textOf(env, 'MC_DATA_DIR') ?? './data');
  const existing = await nearestFolder(folder);
  try {
    await access(existing, constants.W_OK);
    return [good('data folder', `A server on this machine can write its data to ${folder}.`)];
  } catch {
    return [
      bad('data folder', `${existing} cannot be written to.`, 'Set MC_DATA_DIR to a folder of your own.'),
    ];
  }
}

async function nearestFolder(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await stat(at).catch(() => null);
    if (found !== null || dirname(at) === at) return at;
  }
}

/** Whether the login is readable, and by its owner alone. */
export async function checkConfigFile(env: Environment): Promise<readonly Check[]> {
  const path = configPath(env);
  const login = await readLogin(env);
  if (login === null)
    return [good('login', `No login is kept in ${path}; the environment and the options decide.`)];
  const { mode } = await stat(path);
  const isPrivate = process.platform === 'win32' || (mode & 0o077) === 0;
  return [
    isPrivate
      ? good('login', `${path} holds a key for ${login.url} and is private.`)
      : bad('login', `Other accounts can read the key in ${path}.`, `Run: chmod 600 ${path}`),
  ];
}
