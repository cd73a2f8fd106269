import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './launch.js';
import { findPostmasterFile, isPostmasterAlive } from './postmaster-file.js';
import { spawnAs } from './run-as.js';

const pollMs = 10;
const exitMs = 1_000;

/**
 * Stops the postmaster with a "fast" shutdown: it closes connections and writes everything, so the next start needs no
 * recovery. The caller holds the tenancy lock. Returns false if the postmaster has not ended in time; it then ends later.
 */
export async function stopPostmaster(cluster: Cluster, timeoutMs: number): Promise<boolean> {
  const running = await findPostmasterFile(cluster.folder);
  if (!running) return true;
  await askToStop(cluster, running.pid);
  // Removing its file is the postmaster's last action. The file is a better sign than the process id: in a container
  // without an init, a dead orphan keeps its id. So the wait for the process itself is only as long as an exit takes.
  const hasRemovedFile = async () => (await findPostmasterFile(cluster.folder))?.pid !== running.pid;
  const isStopped = await waitUntil(hasRemovedFile, timeoutMs);
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
  // Windows has no signals: pg_ctl stops the postmaster by its own means.
  const args = ['stop', '-D', cluster.folder, '-m', 'fast', '-W'];
  const child = spawnAs({ kind: 'self' }, cluster.binaries.pgCtl, args, cluster.libraryPath, {
    stdio: 'ignore',
  });
  await once(child, 'exit');
}
