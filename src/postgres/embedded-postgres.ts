import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Instrument } from '../kernel/instrument.js';
import { makeDataDir } from './data-dir.js';
import { connectionStringTo, databaseName } from './embedded/address.js';
import { findBinaries } from './embedded/binaries.js';
import { createCluster } from './embedded/create-cluster.js';
import { inspectDataFolder } from './embedded/data-folder.js';
import type { Cluster } from './embedded/launch.js';
import { linkLibraries } from './embedded/library-links.js';
import { openTenancy } from './embedded/tenancy.js';

export interface EmbeddedPostgresOptions {
  /** The server's data folder; the cluster is its subfolder `postgres`, the log its file `postgres.log`. */
  readonly dataDir: string;
  readonly instrument: Instrument;
  /** False turns everything off that protects from a power cut. Only for clusters whose loss costs nothing. */
  readonly durable?: boolean;
  /** PostgreSQL settings by name; they count only if this call is the one that starts PostgreSQL. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long PostgreSQL may take to be ready, recovery after a crash included. Two minutes unless told. */
  readonly startTimeoutMs?: number;
  /**
   * How long a stop waits for PostgreSQL to end; it ends by itself later. Twelve seconds unless told, which leaves the
   * process time to say so before it is ended by force.
   */
  readonly stopTimeoutMs?: number;
}

export interface EmbeddedPostgres {
  readonly connectionString: string;
  /** Stops PostgreSQL unless another server uses it. May be called twice. Close connections before. */
  stop(): Promise<void>;
}

/**
 * Runs a real PostgreSQL in the data folder, or joins the one that runs there already: another server's, or one that
 * outlived a killed server. Creates the cluster the first time.
 * @throws EmbeddedPostgresError if that can't be done, and leaves a foreign or damaged folder as it is.
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
  // One name for one folder, however it was reached: names are compared with what PostgreSQL reports.
  const dataDir = await realpath(options.dataDir);
  const folder = join(dataDir, 'postgres');
  const durable = options.durable ?? true;
  const binaries = await findBinaries();
  const libraryPath = await linkLibraries(binaries.root, join(dataDir, `postgres-lib-${binaries.version}`));
  if ((await inspectDataFolder(folder, binaries.major)) === 'empty') {
    const created = await createCluster({ folder, binaries, libraryPath, durable });
    if (created)
      options.instrument.emit('info', 'postgres.created', 'Created the embedded PostgreSQL', { folder });
  }
  const overrides = options.settings ?? {};
  return { folder, binaries, libraryPath, durable, overrides, logFile: join(dataDir, 'postgres.log') };
}

/** Not part of creating the cluster, so that a kill between the two is made good by the next start. */
async function createDatabase(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(databaseName)}`);
  } catch (error) {
    const code = error instanceof pg.DatabaseError ? error.code : undefined;
    // Another server was faster: the name is taken, or taken while we looked.
    if (code !== '42P04' && code !== '23505') throw error;
  } finally {
    await client.end();
  }
}
