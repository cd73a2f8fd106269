import { chown, mkdtemp, open, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { newSecret } from '../../kernel/ids.js';
import { passwordFile, superuser } from './address.js';
import type { Binaries } from './binaries.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { isProcessAlive } from './postmaster-file.js';
import { describeWay, listWaysToRun, type RunAs, spawnAs } from './run-as.js';

export interface ClusterPlan {
  /** The folder of the new cluster. It does not exist yet or is empty. */
  readonly folder: string;
  readonly binaries: Binaries;
  readonly libraryPath: string | null;
  /** False only for clusters whose loss costs nothing. */
  readonly durable: boolean;
}

/**
 * Creates the cluster completely or not at all: initdb works in a sibling folder, which is then renamed. A kill in between
 * leaves only the sibling, which the next start removes. Of several processes that do this at once, the first to rename
 * wins, and the others delete their own. Returns whether this call created the cluster.
 * @throws EmbeddedPostgresError with all reasons if initdb fails in every way to run it.
 */
export async function createCluster(plan: ClusterPlan): Promise<boolean> {
  const dataDir = dirname(plan.folder);
  await removeAbandoned(plan.folder);
  const failures: string[] = [];
  for (const way of await listWaysToRun(dataDir, [dirname(plan.binaries.initdb)])) {
    const outcome = await tryCreate(plan, way);
    if (typeof outcome === 'boolean') return outcome;
    failures.push(`${describeWay(way)}: ${outcome}`);
  }
  throw new EmbeddedPostgresError(explain(plan.folder, failures), { fault: 'CREATE_FAILED' });
}

async function removeAbandoned(folder: string): Promise<void> {
  const siblings = await readdir(dirname(folder));
  for (const name of siblings) {
    const pid = name.startsWith(`${basename(folder)}.new-`) ? Number(name.split('-')[1]) : Number.NaN;
    if (Number.isInteger(pid) && !isProcessAlive(pid))
      // An initdb that outlived its parent may still write there. It will fail, and a later start removes the rest.
      await rm(join(dirname(folder), name), { recursive: true, force: true, maxRetries: 3 }).catch(
        () => undefined,
      );
  }
}

/** Returns the reason if initdb failed, or else whether this call's cluster is the one in place. */
async function tryCreate(plan: ClusterPlan, way: RunAs): Promise<string | boolean> {
  const temporary = await mkdtemp(`${plan.folder}.new-${process.pid}-`);
  try {
    const cluster = join(temporary, 'cluster');
    const password = join(temporary, 'password');
    await writeFile(password, newSecret(), { mode: 0o600 });
    if (way.kind === 'account') for (const path of [temporary, password]) await chown(path, way.uid, way.gid);
    const failure = await runInitdb(plan, way, cluster, password);
    if (failure !== null) return failure;
    await rename(password, join(cluster, passwordFile));
    return await moveIntoPlace(cluster, plan.folder);
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function runInitdb(
  plan: ClusterPlan,
  way: RunAs,
  cluster: string,
  password: string,
): Promise<string | null> {
  const args = [
    ...['-D', cluster, '--username', superuser, '--pwfile', password],
    // The socket is in a folder that only its owner can enter. A TCP connection needs the password.
    ...['--auth-local', 'trust', '--auth-host', 'scram-sha-256'],
    ...['--locale', 'C', '--encoding', 'UTF8', '--no-instructions'],
    ...(plan.durable ? [] : ['--no-sync']),
  ];
  const child = spawnAs(way, plan.binaries.initdb, args, plan.libraryPath, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const failedToRun = new Promise<string>((resolve) =>
    child.once('error', (error) => resolve(error.message)),
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const stderr = child.stderr ? text(child.stderr) : Promise.resolve('');
  const outcome = await Promise.race([failedToRun, ended]);
  if (outcome === 0) return null;
  if (typeof outcome === 'string') return outcome;
  const lines = (await stderr).trim().split('\n');
  return lines.filter((line) => /error|fatal|hint|unshare|cannot/i.test(line)).join(' ') || lines.join(' ');
}

async function moveIntoPlace(cluster: string, folder: string): Promise<boolean> {
  try {
    // Windows does not rename onto an existing folder, even if it is empty.
    await rmdir(folder).catch(() => undefined);
    await rename(cluster, folder);
    await syncFolder(dirname(folder));
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    return false;
  }
}

/** Syncs the folder, so that the rename survives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function explain(folder: string, failures: readonly string[]): string {
  const rootNote =
    process.getuid?.() === 0
      ? 'PostgreSQL refuses to run as root. Start the server as another user, or set'
      : 'Or set';
  return (
    `The embedded PostgreSQL could not be created in ${folder}. Tried ${failures.join('; ')}. ` +
    `${rootNote} DATABASE_URL to a PostgreSQL of your own.`
  );
}
