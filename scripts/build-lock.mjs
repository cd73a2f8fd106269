import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const abandonedAfterMs = 120_000;

/** Runs the work while no other build of this checkout runs; the lock of a process that died is taken over. */
export async function withBuildLock(root, work) {
  const folder = join(root, 'node_modules', '.cache');
  const lock = join(folder, 'build.lock');
  mkdirSync(folder, { recursive: true });
  while (!tryToLock(lock)) {
    if (isAbandoned(lock)) rmSync(lock, { force: true });
    else await delay(50);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryToLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAbandoned(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > abandonedAfterMs) return true;
    const pid = Number(readFileSync(lock, 'utf8'));
    // An empty file is a lock whose owner is just about to write its number.
    return pid > 0 && !isAlive(pid);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
