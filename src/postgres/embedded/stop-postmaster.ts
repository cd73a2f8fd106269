import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './launch.js';
import { findPostmasterFile, isPostmasterAlive } from './postmaster-file.js';
import { spawnAs } from './run-as.js';

const pollMs = 10;
const exitMs = 1_000;

/**
 * Ends the postmaster with a "fast" shutdown: connections are closed, everything is written, nothing has to be
 * recovered. The caller holds the tenancy lock. Answers false if it hasn't ended in time; it will then end by itself.
 */
export async function stopPostmaster(cluster: Cluster, patienceMs: number): Promise<boolean> {
  const running = await findPostmasterFile(cluster.folder);
  if (!running) return true;
  await askToStop(cluster, running.pid);
  // Giving up the file is its last deed, and says more than the process: in a container without an init, a dead
  // orphan keeps its number. So the process itself is waited for only as long as an exit takes.
  const gaveUp = async () => (await findPostmasterFile(cluster.folder))?.pid !== running.pid;
  const isStopped = await waitUntil(gaveUp, patienceMs);
  if (isStopped) await waitUntil(async () => !(await isPostmasterAlive(running, cluster.folder)), exitMs);
  return isStopped;
}

async function waitUntil(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const timeout = AbortSignal.timeout(timeoutMs);
  while (!timeout.aborted) {
    if (await condition()) return true;
    await delay(pollMs);
  }
  return false;
}

async function askToStop(cluster: Cluster, pid: number): Promise<void> {
  if (process.platform !== 'win32') {
    process.kill(pid, 'SIGINT');
    return;
  }
  // Windows has no signals: pg_ctl speaks to the postmaster in its own way.
  const args = ['stop', '-D', cluster.folder, '-m', 'fast', '-W'];
  const child = spawnAs({ kind: 'self' }, cluster.binaries.pgCtl, args, cluster.libraryPath, {
    stdio: 'ignore',
  });
  await once(child, 'exit');
}
