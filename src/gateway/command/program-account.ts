import { readFile } from 'node:fs/promises';
import type { AccountIds } from './account-ids.js';

/** The account that programs run as. */
export interface ProgramAccount {
  readonly ids: AccountIds;
  /** What an account changes in the environment of a program. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Looks up the account of MC_COMMAND_USER.
 * @throws Error that tells the operator what to do, if it does not exist, is root, or only root could switch to it.
 */
export async function findProgramAccount(user: string): Promise<ProgramAccount> {
  if (process.platform === 'win32') throw new Error('MC_COMMAND_USER is not supported on Windows: unset it');
  if (process.getuid?.() !== 0)
    throw new Error(
      'MC_COMMAND_USER needs a server that root has started, because only root may run programs as others. Unset it, or start the server as root',
    );
  const account = await lookUp(user);
  if (account === null)
    throw new Error(
      `MC_COMMAND_USER names ${user}, and /etc/passwd has no such account. Create it, or write uid:gid`,
    );
  if (account.ids.uid === 0)
    throw new Error('MC_COMMAND_USER must not be root: create an account for the programs');
  return account;
}

async function lookUp(user: string): Promise<ProgramAccount | null> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  const accounts = lines.map((line) => line.split(':'));
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(user) ?? [];
  const found = accounts.find(([name, , id]) => (uid === undefined ? name === user : id === uid));
  if (found === undefined && uid === undefined) return null;
  const [name = `uid ${uid}`, , foundUid, foundGid, , home = '/', shell = '/bin/sh'] = found ?? [];
  return {
    ids: { uid: Number(uid ?? foundUid), gid: Number(gid ?? foundGid) },
    environment: { HOME: home, USER: name, LOGNAME: name, SHELL: shell },
  };
}
