import { toFailure } from '../failures.js';
import type { Session } from '../session/session.js';
import { bad, type Check } from './check.js';
import { checkConfigFile, checkDataFolder, checkNode, checkSettings } from './machine.js';
import { checkServer } from './server.js';

/** Runs all checks: first those of this machine, then those of the server. A check never throws. */
export async function runChecks(session: Session): Promise<Check[]> {
  const machine = await Promise.all([
    guard('node', async () => checkNode()),
    guard('settings', () => checkSettings(session.env)),
    guard('data folder', () => checkDataFolder(session.env)),
    guard('login', () => checkConfigFile(session.env)),
  ]);
  const server = await guard('server', () => checkServer(session));
  return [...machine, server].flat();
}

async function guard(name: string, check: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await check();
  } catch (error) {
    const { message, remedy } = toFailure(error);
    return [bad(name, message, remedy ?? 'See docs/operations.md.')];
  }
}
