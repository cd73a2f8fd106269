import { createInstrument } from '../../../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../../../src/postgres/embedded-postgres.js';
import { aServerFolder } from '../servers/server-process.js';

/** A PostgreSQL of a test file's own, which comes and goes at the same address and keeps its data. */
export interface StoppablePostgres {
  readonly url: string;
  /** Breaks all connections and refuses new ones; resolves when it is gone. */
  stop(): Promise<void>;
  /** Resolves when it can be used again. */
  start(): Promise<void>;
}

export async function startStoppablePostgres(): Promise<StoppablePostgres> {
  const dataDir = await aServerFolder();
  const settings = { max_connections: '100' };
  const start = () =>
    startEmbeddedPostgres({ dataDir, instrument: createInstrument(), durable: false, settings });
  let postgres = await start();
  return {
    url: postgres.connectionString,
    stop: () => postgres.stop(),
    async start() {
      postgres = await start();
    },
  };
}
