import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { type Cluster, type Launch, launchPostmaster } from './launch.js';
import {
  isPostmasterAlive,
  type PostmasterFile,
  removeBrokenLockFiles,
  removeStaleLockFiles,
} from './postmaster-file.js';

/** One launch may fail because another start or stop won the race. Three failures have another cause. */
const maxFailures = 3;
const relaunchMs = 50;

/** Starts postmasters for one attempt to join the cluster. */
export interface Launcher {
  hasLaunched(): boolean;
  /**
   * Starts a postmaster unless one runs, ready or not, and no matter which process started it.
   * @throws EmbeddedPostgresError if the postmaster ended at once three times.
   */
  launchIfNeeded(file: PostmasterFile | null): Promise<void>;
  explainFailure(what: string, cause?: unknown): Promise<EmbeddedPostgresError>;
}

/**
 * Creates a launcher that remembers how its postmasters ended. If a port is needed and `port` is null, each launch takes a
 * free one.
 */
export function createLauncher(cluster: Cluster, port: number | null): Launcher {
  const launches: Launch[] = [];
  let failures = 0;

  const readFailure = async () => (await launches.at(-1)?.readFailure()) ?? '';

  const explainFailure = async (what: string, cause?: unknown) => {
    const failure = await readFailure();
    const message = `The embedded PostgreSQL in ${cluster.folder} did not start: ${what}. See ${cluster.logFile}`;
    return new EmbeddedPostgresError(failure ? `${message}, which ends with:\n${failure}` : `${message}.`, {
      fault: 'START_FAILED',
      cause,
    });
  };

  async function recoverFrom(failure: string): Promise<void> {
    // The children of a killed postmaster hold its shared memory until they notice. A launch before that does not count.
    if (!/shared memory block/.test(failure)) failures += 1;
    if (failures === maxFailures) throw await explainFailure('it ended at once');
    if (/lock file/.test(failure)) await removeBrokenLockFiles(cluster.folder);
    await delay(relaunchMs);
  }

  return {
    hasLaunched: () => launches.length > 0,
    explainFailure,
    launchIfNeeded: async (file) => {
      if (launches.length > 0 && !launches.at(-1)?.hasEnded()) return;
      if (file && (await isPostmasterAlive(file, cluster.folder))) return;
      if (file) await removeStaleLockFiles(file, cluster.folder);
      const failure = await readFailure();
      if (launches.length > 0) await recoverFrom(failure);
      // Some file systems do not support sockets.
      const noSocket = /Unix-domain socket/.test(failure);
      launches.push(await launchPostmaster(cluster, port, noSocket));
    },
  };
}
