import type { Instrument } from '../kernel/instrument.js';
import { checkConnection } from './database.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';

export interface FindPostgres {
  /** The operator's own PostgreSQL; undefined for the embedded one. */
  readonly databaseUrl: string | undefined;
  /** Holds the embedded PostgreSQL. */
  readonly dataDir: string;
  readonly instrument: Instrument;
}

/** A PostgreSQL that answers. */
export interface FoundPostgres {
  readonly connectionString: string;
  /** Ends what was started for this server alone. */
  stop(): Promise<unknown>;
}

/**
 * The PostgreSQL to work on: the operator's own, or else the embedded one, started.
 * @throws Error that tells the operator which setting to look at; what comes from PostgreSQL itself names none.
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

/** Where a name has several addresses, Node says nothing itself and keeps what each of them came to. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
