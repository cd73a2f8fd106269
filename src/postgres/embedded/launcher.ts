import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { type Cluster, type Launch, launchPostmaster } from './launch.js';
import { isPostmasterAlive, type PostmasterFile, removeStaleClaims } from './postmaster-file.js';

/** Losing a race against another start or stop costs one launch each; to lose three takes a real reason. */
const maxFailures = 3;
const relaunchMs = 50;

export interface Launcher {
  hasLaunched(): boolean;
  /**
   * Starts a postmaster unless one runs, whoever started it, and whether or not it is ready.
   * @throws EmbeddedPostgresError if it ends again each time.
   */
  launchIfNeeded(file: PostmasterFile | null): Promise<void>;
  explainFailure(what: string, cause?: unknown): Promise<EmbeddedPostgresError>;
}

/**
 * Starts postmasters for one attempt to join the cluster, and remembers how they ended. Where a port is used and
 * `port` is null, each launch takes a free one.
 */
export function createLauncher(cluster: Cluster, port: number | null): Launcher {
  const launches: Launch[] = [];
  let failures = 0;

  const readComplaint = async () => (await launches.at(-1)?.readComplaint()) ?? '';

  const explainFailure = async (what: string, cause?: unknown) => {
    const complaint = await readComplaint();
    const message = `The embedded PostgreSQL in ${cluster.folder} did not start: ${what}. See ${cluster.logFile}`;
    return new EmbeddedPostgresError(
      complaint ? `${message}, which ends with:\n${complaint}` : `${message}.`,
      {
        fault: 'START_FAILED',
        cause,
      },
    );
  };

  return {
    hasLaunched: () => launches.length > 0,
    explainFailure,
    launchIfNeeded: async (file) => {
      if (launches.length > 0 && !launches.at(-1)?.hasEnded()) return;
      if (file && (await isPostmasterAlive(file, cluster.folder))) return;
      if (file) await removeStaleClaims(file, cluster.folder);
      const complaint = await readComplaint();
      // A killed postmaster's last child may take its time to notice; only then is there room for a new one.
      if (launches.length > 0 && !/shared memory block/.test(complaint)) failures += 1;
      if (failures === maxFailures) throw await explainFailure('it ended at once');
      // Some file systems have no sockets.
      const noSocket = /Unix-domain socket/.test(complaint);
      if (launches.length > 0) await delay(relaunchMs);
      launches.push(await launchPostmaster(cluster, port, noSocket));
    },
  };
}
