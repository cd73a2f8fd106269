import { lstat, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instrument } from '../../kernel/instrument.js';
import { findPackageFolder } from '../../kernel/package-folder.js';
import { type AccountIds, ownIds } from './account-ids.js';
import { findProgramAccount, type ProgramAccount } from './program-account.js';
import { type FoundSandbox, findSandbox } from './sandbox/find-sandbox.js';
import { type SandboxKind, sandboxCommand } from './sandbox/sandbox.js';
import { expandHome, isHiddenIn, lookUpView, type SandboxView } from './sandbox/view.js';
import { requireSeparateFolder } from './separate-folder.js';

export interface IsolationSettings {
  readonly folder: string;
  readonly user: string | undefined;
  readonly sandbox: 'auto' | SandboxKind | 'off';
  readonly writable: readonly string[];
  /** The server's data folder. */
  readonly dataDir: string;
  /** The files from which the server has read secrets. */
  readonly secretFiles: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly instrument: Instrument;
}

/** How a program is kept away from the server's secrets. */
export interface Isolation {
  /** The account of programs; null for the account of the server. */
  readonly ids: AccountIds | null;
  readonly isSandboxed: boolean;
  readonly environment: Readonly<Record<string, string>>;
  /** The command line that starts the program. `shown` are folders that it must see. */
  wrap(argv: readonly string[], shown: readonly string[]): Promise<readonly string[]>;
  /** Whether programs can't see this file, although it exists. */
  isHidden(path: string): Promise<boolean>;
}

/** No isolation: programs run as the server and see what it sees. */
export const NO_ISOLATION: Isolation = {
  ids: null,
  isSandboxed: false,
  environment: {},
  wrap: async (argv) => argv,
  isHidden: async () => false,
};

/**
 * Prepares the isolation of programs, and says in the log what it is.
 * @throws Error that tells the operator what to do, if a setting can't be followed.
 */
export async function prepareIsolation(settings: IsolationSettings): Promise<Isolation> {
  const account = settings.user === undefined ? null : await findProgramAccount(settings.user);
  await requireSeparateFolders(settings, homeOf(settings, account));
  if (account !== null) await requireForeignAccount(account, settings.dataDir);
  const found = await chooseSandbox(settings, account);
  report(settings, account, found);
  return createIsolation(settings, account, found.kind);
}

/**
 * The server's own working folder counts for the working folder of programs alone: it may be the home folder, in which
 * programs keep their logins.
 */
async function requireSeparateFolders(
  { folder, writable, dataDir }: IsolationSettings,
  home: string | undefined,
): Promise<void> {
  const own = [
    { path: dataDir, what: "the server's data folder" },
    { path: findPackageFolder(), what: 'the folder of the package' },
  ];
  const workingFolder = { path: '.', what: "the server's own working folder" };
  await requireSeparateFolder('MC_COMMAND_DIR', folder, [...own, workingFolder]);
  for (const path of writable)
    await requireSeparateFolder('MC_COMMAND_WRITABLE', expandHome(path, home), own);
}

function homeOf({ environment }: IsolationSettings, account: ProgramAccount | null): string | undefined {
  return account?.environment.HOME ?? environment.HOME;
}

/** PostgreSQL refuses to run as root, so a server that root has started runs it as an account that owns its files. */
async function requireForeignAccount({ ids, environment }: ProgramAccount, dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir).catch(() => [])) {
    const path = join(dataDir, name);
    if ((await lstat(path).catch(() => null))?.uid === ids.uid)
      throw new Error(
        `MC_COMMAND_USER is ${environment.USER}, which owns ${path}, so programs could read the database. Create an account for the programs alone`,
      );
  }
}

async function chooseSandbox(
  settings: IsolationSettings,
  account: ProgramAccount | null,
): Promise<FoundSandbox> {
  const { sandbox, environment } = settings;
  if (sandbox === 'off') return { kind: null, reasons: ['MC_COMMAND_SANDBOX is off'] };
  // A folder that is missing is reported when a program is to run in it. Here any folder will do.
  const view = await viewOf(settings, account, []).catch(() =>
    viewOf({ ...settings, folder: tmpdir() }, account, []),
  );
  const found = await findSandbox({
    kinds: sandbox === 'auto' ? ['bwrap', 'unshare'] : [sandbox],
    view,
    env: { ...environment, ...account?.environment },
    ids: account?.ids ?? null,
  });
  if (found.kind === null && sandbox !== 'auto')
    throw new Error(
      `MC_COMMAND_SANDBOX=${sandbox} does not work here (${found.reasons.join('; ')}). Install it, allow unprivileged user namespaces, or set MC_COMMAND_SANDBOX to auto`,
    );
  return found;
}

function createIsolation(
  settings: IsolationSettings,
  account: ProgramAccount | null,
  kind: SandboxKind | null,
): Isolation {
  const ids = account?.ids ?? null;
  const environment = { ...account?.environment };
  if (kind === null) return { ...NO_ISOLATION, ids, environment };
  return {
    ids,
    isSandboxed: true,
    // The folder that the server's own variable names may be one that programs can't write to.
    environment: { ...environment, TMPDIR: '/tmp' },
    async wrap(argv, shown) {
      const view = await viewOf(settings, account, shown);
      return sandboxCommand(kind, argv, view, ids ?? ownIds());
    },
    isHidden: async (path) => isHiddenIn(await viewOf(settings, account, []), path),
  };
}

/** Looked up for each program: files may be replaced while the server runs, as Kubernetes does with secrets. */
function viewOf(
  settings: IsolationSettings,
  account: ProgramAccount | null,
  shown: readonly string[],
): Promise<SandboxView> {
  const { folder, writable, dataDir, secretFiles } = settings;
  const hidden = [dataDir, ...secretFiles];
  const home = homeOf(settings, account);
  return lookUpView({ folder, writable, shown, hidden, home, ids: account?.ids ?? null });
}

function report(
  { instrument, sandbox }: IsolationSettings,
  account: ProgramAccount | null,
  found: FoundSandbox,
): void {
  const user = account?.environment.USER;
  if (found.kind !== null) {
    const message = 'Programs of the command gateway run in a sandbox';
    instrument.emit('info', 'programs.isolated', message, { sandbox: found.kind, user });
    return;
  }
  const reasons = found.reasons.join('; ');
  if (account !== null) {
    const message = 'Programs of the command gateway run as another user, without a sandbox';
    instrument.emit('info', 'programs.isolated', message, { user, reasons });
    return;
  }
  const message = `Programs of the command gateway run as the server's user without a sandbox, so they can read its admin key, its database and its environment. ${remedyFor(sandbox)}`;
  instrument.emit('warn', 'programs.not_isolated', message, { reasons });
}

function remedyFor(sandbox: IsolationSettings['sandbox']): string {
  if (process.platform === 'win32') return 'Use only programs that you trust with all of it';
  const another = 'start the server as root with MC_COMMAND_USER';
  if (process.platform !== 'linux') return `To prevent it, ${another}`;
  return `${sandbox === 'off' ? 'Set MC_COMMAND_SANDBOX to auto' : 'Install bubblewrap'}, or ${another}`;
}
