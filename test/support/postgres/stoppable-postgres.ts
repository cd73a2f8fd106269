import { createInstrument } from '../../../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../../../src/postgres/embedded-postgres.js';
import { createServerFolder } from '../servers/server-process.js';
import { clusterRoot } from './cluster-root.js';

/** A PostgreSQL for one test file that can be stopped and started at the same address and keeps its data. */
export interface StoppablePostgres {
  readonly url: string;
  readonly dataDir: string;
  /** Closes all connections. Resolves when PostgreSQL has ended. */
  stop(): Promise<void>;
  /** Resolves when PostgreSQL is ready. */
  start(): Promise<void>;
}

export async function startStoppablePostgres(): Promise<StoppablePostgres> {
  const dataDir = await createServerFolder(clusterRoot());
  const settings = { max_connections: '100' };
  const start = () =>
    startEmbeddedPostgres({ dataDir, instrument: createInstrument(), durable: false, settings });
  let postgres = await start();
  return {
    url: postgres.connectionString,
    dataDir,
    stop: () => postgres.stop(),
    async start() {
      postgres = await start();
    },
  };
}
