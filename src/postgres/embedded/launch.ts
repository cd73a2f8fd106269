import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { PRIVATE_FILE_MODE } from '../private-files.js';
import { type Address, fitsSocket } from './address.js';
import type { Binaries } from './binaries.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { type RunAs, spawnAs, wayToRunExisting } from './run-as.js';
import { postmasterArguments } from './server-settings.js';

const logLimitBytes = 10_000_000;
const logTailBytes = 2_000;

/** A cluster in its folder, and how to run it. */
export interface Cluster {
  readonly folder: string;
  readonly binaries: Binaries;
  readonly libraryPath: string | null;
  readonly durable: boolean;
  readonly overrides: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** One start of a postmaster. */
export interface Launch {
  hasEnded(): boolean;
  /** The error of the start, or else what this postmaster has written to its log. */
  readFailure(): Promise<string>;
}

/**
 * Starts a postmaster without waiting for it. It runs in a session of its own, so it outlives this process, and a Ctrl-C in
 * the terminal reaches only the server, which then has time to finish its work. PostgreSQL itself ensures that two
 * postmasters never run on one folder: the second one ends.
 */
export async function launchPostmaster(
  cluster: Cluster,
  port: number | null,
  avoidSocket: boolean,
): Promise<Launch> {
  const way = await wayToRunExisting(cluster.folder);
  const address = await chooseAddress(cluster.folder, port, avoidSocket);
  const log = await openLog(cluster.logFile);
  try {
    const { size } = await log.stat();
    return runDetached(cluster, way, address, log.fd, size);
  } finally {
    await log.close();
  }
}

function runDetached(cluster: Cluster, way: RunAs, address: Address, log: number, logStart: number): Launch {
  let failure: string | null = null;
  let ended = false;
  const args = postmasterArguments({ ...cluster, address });
  const child = spawnAs(way, cluster.binaries.postgres, args, cluster.libraryPath, {
    cwd: cluster.folder,
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.once('error', (error) => {
    failure = error.message;
    ended = true;
  });
  child.once('exit', () => {
    ended = true;
  });
  child.unref();
  return {
    hasEnded: () => ended,
    readFailure: async () => failure ?? (await readTail(cluster.logFile, logStart)),
  };
}

async function chooseAddress(folder: string, port: number | null, avoidSocket: boolean): Promise<Address> {
  if (!avoidSocket && fitsSocket(folder)) return { kind: 'socket' };
  return { kind: 'port', port: port ?? (await findFreePort()) };
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the system gave no free port');
  return address.port;
}

async function openLog(path: string): Promise<FileHandle> {
  try {
    await limitLog(path);
    return await open(path, 'a', PRIVATE_FILE_MODE);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EmbeddedPostgresError(
      `PostgreSQL's log ${path} can't be written (${reason}). Move it away, or start the server as the user that owns it.`,
      { fault: 'NOT_ACCESSIBLE', cause },
    );
  }
}

async function limitLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > logLimitBytes) await rename(path, `${path}.old`);
}

async function readTail(path: string, start: number): Promise<string> {
  const log = await open(path, 'r');
  try {
    const { size } = await log.stat();
    const from = Math.max(start, size - logTailBytes);
    const { buffer, bytesRead } = await log.read(
      Buffer.alloc(Math.max(0, size - from)),
      0,
      size - from,
      from,
    );
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await log.close();
  }
}
