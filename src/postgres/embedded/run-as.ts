import { type SpawnOptions, spawn } from 'node:child_process';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, parse } from 'node:path';
import { isSearchable } from '../../kernel/folder-access.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/**
 * The user that PostgreSQL runs as. PostgreSQL refuses to run as root. In a user namespace of its own, root's process does
 * not count as root, still owns root's files, and needs no account; containers often forbid such namespaces.
 */
export type RunAs =
  | { readonly kind: 'self' }
  | { readonly kind: 'account'; readonly name: string; readonly uid: number; readonly gid: number }
  | { readonly kind: 'user-namespace' };

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Lists the ways to run a new cluster in `dataDir`, best first. For root these are the unprivileged accounts that can reach
 * all `paths` (the owner of the folder, `postgres`, `nobody`), then a user namespace. Any other user runs it as itself, then
 * in a user namespace: that helps a user id without an account, which initdb refuses.
 */
export async function listWaysToRun(dataDir: string, paths: readonly string[]): Promise<RunAs[]> {
  if (process.platform !== 'linux') return [{ kind: 'self' }];
  if (process.getuid?.() !== 0) return [{ kind: 'self' }, { kind: 'user-namespace' }];
  const ways: RunAs[] = [];
  for (const account of await listAccounts((await stat(dataDir)).uid)) {
    if (await canReach(account, [dataDir, ...paths])) ways.push({ kind: 'account', ...account });
  }
  return [...ways, { kind: 'user-namespace' }];
}

/**
 * The way to run an existing cluster. PostgreSQL has to run as the owner of its folder.
 * @throws EmbeddedPostgresError if the folder belongs to another user and this process is not root's.
 */
export async function wayToRunExisting(folder: string): Promise<RunAs> {
  const uid = process.getuid?.();
  if (uid === undefined) return { kind: 'self' };
  const owner = await stat(folder);
  if (uid !== 0 && owner.uid === uid) return { kind: 'self' };
  if (uid !== 0) throw notOwner(folder, owner.uid);
  if (owner.uid !== 0) return { kind: 'account', name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  return process.platform === 'linux' ? { kind: 'user-namespace' } : { kind: 'self' };
}

/** Starts the program. The child gets a minimal environment, so that no PG… variable affects it. */
export function spawnAs(
  runAs: RunAs,
  program: string,
  args: readonly string[],
  libraryPath: string | null,
  options: SpawnOptions,
) {
  const wrapped = runAs.kind === 'user-namespace';
  return spawn(wrapped ? 'unshare' : program, wrapped ? ['-U', program, ...args] : args, {
    ...options,
    ...(runAs.kind === 'account' ? { uid: runAs.uid, gid: runAs.gid } : {}),
    ...childEnvironment(libraryPath),
    windowsHide: true,
  });
}

/** Describes the way for an error message. */
export function describeWay(runAs: RunAs): string {
  if (runAs.kind === 'self') return 'as the current user';
  return runAs.kind === 'account' ? `as ${runAs.name}` : 'in a user namespace (unshare -U)';
}

function childEnvironment(libraryPath: string | null): { env?: NodeJS.ProcessEnv } {
  // Windows programs need many of the inherited variables to start.
  if (process.platform === 'win32') return {};
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const loader = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return {
    env: { PATH: path, LC_ALL: 'C', TZ: 'UTC', ...(libraryPath ? { [loader]: libraryPath } : {}) },
  };
}

async function listAccounts(ownerUid: number): Promise<Account[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const accounts = text
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((account) => account.uid > 0 && account.gid >= 0);
  const wanted = [
    accounts.find((account) => account.uid === ownerUid),
    accounts.find((account) => account.name === 'postgres'),
    accounts.find((account) => account.name === 'nobody'),
  ];
  return [...new Set(wanted.filter((account) => account !== undefined))];
}

async function canReach(account: Account, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    for (let folder = await realpath(path); ; folder = dirname(folder)) {
      if (!isSearchable(account, await stat(folder))) return false;
      if (folder === parse(folder).root) break;
    }
  }
  return true;
}

function notOwner(folder: string, ownerUid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The PostgreSQL data folder ${folder} belongs to user ${ownerUid}. Start the server as that user.`,
    { fault: 'NOT_ACCESSIBLE' },
  );
}
