import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Instrument } from '../kernel/instrument.js';
import { makeDataDir, requireWritable } from './data-dir.js';
import { connectionStringTo, databaseName } from './embedded/address.js';
import { findBinaries } from './embedded/binaries.js';
import { createCluster } from './embedded/create-cluster.js';
import { inspectDataFolder } from './embedded/data-folder.js';
import type { Cluster } from './embedded/launch.js';
import { linkLibraries } from './embedded/library-links.js';
import { openTenancy } from './embedded/tenancy.js';
import { connectPinned } from './session.js';

export interface EmbeddedPostgresOptions {
  /** The server's data folder; the cluster is its subfolder `postgres`, the log its file `postgres.log`. */
  readonly dataDir: string;
  readonly instrument: Instrument;
  /** False turns off everything that protects from a power cut. Only for clusters whose loss costs nothing. Default: true. */
  readonly durable?: boolean;
  /** PostgreSQL settings by name. They apply only if this call starts PostgreSQL. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long PostgreSQL may take to be ready, including recovery after a crash. Default: two minutes. */
  readonly startTimeoutMs?: number;
  /**
   * How long a stop waits for PostgreSQL to end; after that PostgreSQL ends by itself. Default: twelve seconds, which leaves
   * the process time to log it before a supervisor kills the process.
   */
  readonly stopTimeoutMs?: number;
}

export interface EmbeddedPostgres {
  readonly connectionString: string;
  /** Stops PostgreSQL unless another server uses it. May be called twice. Close all connections first. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL in the data folder, or joins the one that already runs there: another server's, or one that
 * outlived a killed server. The first start creates the cluster.
 * @throws EmbeddedPostgresError if PostgreSQL can't be started. A foreign or damaged folder is not changed.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await prepareCluster(options);
  const tenancy = await openTenancy(cluster, options.instrument, {
    startTimeoutMs: options.startTimeoutMs ?? 120_000,
    stopTimeoutMs: options.stopTimeoutMs ?? 12_000,
  });
  try {
    await createDatabase(await connectionStringTo(cluster.folder, tenancy.address, 'postgres'));
  } catch (error) {
    await tenancy.leave();
    throw error;
  }
  let stopping: Promise<void> | null = null;
  return {
    connectionString: await connectionStringTo(cluster.folder, tenancy.address, databaseName),
    stop: () => {
      stopping ??= tenancy.leave();
      return stopping;
    },
  };
}

async function prepareCluster(options: EmbeddedPostgresOptions): Promise<Cluster> {
  await makeDataDir(options.dataDir);
  // Resolved, because the path is compared with the one that PostgreSQL reports.
  const dataDir = await realpath(options.dataDir);
  const folder = join(dataDir, 'postgres');
  const durable = options.durable ?? true;
  const binaries = await findBinaries();
  const found = await inspectDataFolder(folder, binaries.major);
  // Checked only before something is created: a folder that is refused is not changed.
  if (found === 'empty') await requireWritable(dataDir);
  const libraryPath = await linkLibraries(binaries.root, join(dataDir, `postgres-lib-${binaries.version}`));
  if (found === 'empty') {
    const created = await createCluster({ folder, binaries, libraryPath, durable });
    if (created)
      options.instrument.emit('info', 'postgres.created', 'Created the embedded PostgreSQL', { folder });
  }
  const overrides = options.settings ?? {};
  return { folder, binaries, libraryPath, durable, overrides, logFile: join(dataDir, 'postgres.log') };
}

/** Separate from creating the cluster, so that after a kill between the two the next start creates the database. */
async function createDatabase(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await connectPinned(client);
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(databaseName)}`);
  } catch (error) {
    const code = error instanceof pg.DatabaseError ? error.code : undefined;
    // Another server created it first (duplicate database), or at the same moment (unique violation).
    if (code !== '42P04' && code !== '23505') throw error;
  } finally {
    await client.end();
  }
}
