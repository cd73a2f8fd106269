import { realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { connectPinned } from '../session.js';
import { type Address, connectionStringTo } from './address.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import type { Cluster } from './launch.js';
import { createLauncher } from './launcher.js';
import { findPostmasterFile } from './postmaster-file.js';

/**
 * Advisory lock in the database `postgres`. Every server that uses the cluster holds it shared; the server that stops the
 * cluster holds it exclusively.
 */
export const tenancyLock = 5_163_724;

const pollMs = 10;

/** Errors after which a retry may succeed: PostgreSQL is starting or stopping, has no free connection, or just ended. */
const transientErrors = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT'],
  ...['57P01', '57P02', '57P03', '53300'],
]);

export interface Joined {
  readonly client: pg.Client;
  readonly address: Address;
  /** True if this call started the postmaster, false if it was running already. */
  readonly launched: boolean;
}

/**
 * Makes this process a tenant of the cluster: finds its postmaster or starts one, and returns a connection that holds the
 * tenancy lock. Every step can lose a race against other starts, stops and kills, and is then repeated. PostgreSQL decides
 * the races: it lets only one postmaster run, and no server stops the cluster while this one holds the lock.
 * @throws EmbeddedPostgresError if PostgreSQL refuses to start or is not ready when the signal aborts.
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
  try {
    await connectPinned(client);
    if (await isClusterOf(folder, client, address)) {
      await client.query('SELECT pg_advisory_lock_shared($1)', [tenancyLock]);
      return client;
    }
  } catch (error) {
    if (!isTransient(error)) {
      await client.end().catch(() => undefined);
      throw new EmbeddedPostgresError(
        `The PostgreSQL in ${folder} refuses the connection: ${String(error)}`,
        {
          fault: 'START_FAILED',
          cause: error,
        },
      );
    }
  }
  await client.end().catch(() => undefined);
  return null;
}

/** A socket in the folder belongs to its postmaster. A port from an old file may belong to another program by now. */
async function isClusterOf(folder: string, client: pg.Client, address: Address): Promise<boolean> {
  if (address.kind === 'socket') return true;
  const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
  const reported = rows[0]?.data_directory;
  return (
    reported !== undefined && (await realpath(reported).catch(() => reported)) === (await realpath(folder))
  );
}

function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') return transientErrors.has(error.code);
  return /terminated|timeout|timed out/i.test(error.message);
}
