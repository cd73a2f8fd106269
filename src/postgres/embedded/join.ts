import { realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Address, connectionStringTo } from './address.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import type { Cluster } from './launch.js';
import { createLauncher } from './launcher.js';
import { findPostmasterFile } from './postmaster-file.js';

/** Advisory lock in the database `postgres`: held shared by every server on the cluster, exclusively by the one that stops it. */
export const tenancyLock = 5_163_724;

const pollMs = 10;

/** Answers that mean "not yet" or "not any more": starting, stopping, full, gone in the middle. */
const passingErrors = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT'],
  ...['57P01', '57P02', '57P03', '53300'],
]);

export interface Joined {
  readonly client: pg.Client;
  readonly address: Address;
  /** Whether this call started the postmaster, or found it running. */
  readonly launched: boolean;
}

/**
 * Makes this process a tenant of the cluster: finds its postmaster or starts one, and answers a connection that holds
 * the tenancy lock. Every step can lose a race against other starts, stops and kills; then it looks again. PostgreSQL
 * is the referee: it lets one postmaster run, and who holds the lock in the end shares a cluster that nobody stops.
 * @throws EmbeddedPostgresError if PostgreSQL refuses to start or isn't ready when the signal aborts.
 */
export async function joinCluster(
  cluster: Cluster,
  port: number | null,
  signal: AbortSignal,
): Promise<Joined> {
  const launcher = createLauncher(cluster, port);
  while (!signal.aborted) {
    const file = await findPostmasterFile(cluster.folder);
    const client = file?.isReady ? await tryJoin(cluster.folder, file.address) : null;
    if (client && file) return { client, address: file.address, launched: launcher.hasLaunched() };
    await launcher.launchIfNeeded(file);
    await delay(pollMs);
  }
  throw await launcher.explainFailure('it was not ready in time', signal.reason);
}

async function tryJoin(folder: string, address: Address): Promise<pg.Client | null> {
  const client = new pg.Client({
    connectionString: await connectionStringTo(folder, address, 'postgres'),
    application_name: 'mission-control tenant',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // Losing the connection later is the tenancy's business; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    if (await isOurs(client, folder, address)) {
      await client.query('SELECT pg_advisory_lock_shared($1)', [tenancyLock]);
      return client;
    }
  } catch (error) {
    if (!isPassing(error)) {
      await client.end().catch(() => undefined);
      throw new EmbeddedPostgresError(`The PostgreSQL in ${folder} refuses us: ${String(error)}`, {
        fault: 'START_FAILED',
        cause: error,
      });
    }
  }
  await client.end().catch(() => undefined);
  return null;
}

/** A socket inside the folder can only be its own postmaster's; a port from a file may have passed to another. */
async function isOurs(client: pg.Client, folder: string, address: Address): Promise<boolean> {
  if (address.kind === 'socket') return true;
  const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
  const claimed = rows[0]?.data_directory;
  return claimed !== undefined && (await realpath(claimed).catch(() => claimed)) === (await realpath(folder));
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') return passingErrors.has(error.code);
  return /terminated|timeout|timed out/i.test(error.message);
}
