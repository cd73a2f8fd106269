import { toFailure } from '../failures.js';
import type { Session } from '../session/session.js';
import { checkConfigFile, checkDataFolder, checkNode, checkSettings } from './machine.js';
import { checkServer } from './server.js';

/** What one check has found. */
export interface Check {
  readonly name: string;
  readonly isOk: boolean;
  /** What is right or wrong, in one line. */
  readonly text: string;
  /** What to do; null if nothing. */
  readonly remedy: string | null;
}

/** A check that is passed. */
export function good(name: string, text: string): Check {
  return { name, isOk: true, text, remedy: null };
}

/** A check that is not passed. */
export function bad(name: string, text: string, remedy: string): Check {
  return { name, isOk: false, text, remedy };
}

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
