import type { Instrument } from '../kernel/instrument.js';
import { checkConnection } from './database.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';

export interface FindPostgres {
  /** URL of the operator's own PostgreSQL; undefined for the embedded one. */
  readonly databaseUrl: string | undefined;
  /** The folder of the embedded PostgreSQL. */
  readonly dataDir: string;
  readonly instrument: Instrument;
}

/** A PostgreSQL that answers. */
export interface FoundPostgres {
  readonly connectionString: string;
  /** Stops an embedded PostgreSQL that no other server uses. */
  stop(): Promise<unknown>;
}

/**
 * Connects to the operator's own PostgreSQL if there is one, or else starts the embedded one.
 * @throws Error that names the setting to check. Errors of the embedded PostgreSQL name none.
 */
export async function findPostgres({
  databaseUrl,
  dataDir,
  instrument,
}: FindPostgres): Promise<FoundPostgres> {
  if (databaseUrl === undefined) return startEmbeddedPostgres({ dataDir, instrument });
  try {
    await checkConnection(databaseUrl);
  } catch (cause) {
    throw new Error(`Can't connect to the PostgreSQL that DATABASE_URL names: ${reasonOf(cause)}`, { cause });
  }
  return { connectionString: databaseUrl, stop: async () => undefined };
}

/** For a host name with several addresses, Node throws an AggregateError without a message: the errors inside have one. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
