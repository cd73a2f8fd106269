import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config/config.js';
import type { ServerFacts } from './graphql/context.js';
import { toDate } from './kernel/clock.js';
import type { Instrument } from './kernel/instrument.js';
import { findPackageFolder } from './kernel/package-folder.js';
import {
  createDatabase,
  type Database,
  isReachable,
  readPoolUse,
  readServerVersion,
} from './postgres/database.js';
import { findPostgres } from './postgres/find-postgres.js';
import { applyMigrations } from './postgres/migrate.js';
import { findOutage } from './postgres/outage.js';
import { narrowDataDir } from './postgres/private-files.js';
import { serverLimits } from './server/limits.js';
import { ensureAdminKey } from './services/keys/api-keys.js';
import { createBrowserSessions } from './services/keys/browser-sessions.js';
import { createSignInLinks } from './services/keys/sign-in-links.js';
import { prepareSearch } from './services/tasks/prepare-search.js';
import { createAdminKeyFile } from './store/keys/admin-key-file.js';
import { findLastingAdminKey } from './store/keys/api-keys.js';
import { readBacklog } from './store/ops/backlog.js';
import { readNow } from './store/ops/database-clock.js';
import { readWebhookLag } from './store/webhooks/webhook-leases.js';

/** One part of a started server. Parts are stopped in reverse order. */
export interface Part {
  readonly name: string;
  stop(): Promise<unknown>;
}

/** What the start of the database needs. */
interface DatabaseStart {
  readonly config: Config;
  readonly instrument: Instrument;
  /** The started parts are added here. */
  readonly parts: Part[];
  /** Throws if the server is stopping. */
  throwIfStopping(): void;
}

/** Finds or starts PostgreSQL and applies pending migrations. @throws Error that tells the operator what to do. */
export async function openDatabase({
  config,
  instrument,
  parts,
  throwIfStopping,
}: DatabaseStart): Promise<Database> {
  const narrowed = await narrowDataDir(config.dataDir);
  if (narrowed.length > 0)
    instrument.emit('info', 'data_folder.narrowed', 'Took rights on private files from other accounts', {
      paths: narrowed,
    });
  const { connectionString, stop } = await findPostgres({
    databaseUrl: config.databaseUrl?.reveal(),
    dataDir: config.dataDir,
    instrument,
  });
  parts.push({ name: 'PostgreSQL', stop });
  throwIfStopping();
  await applyMigrations(connectionString);
  const database = createDatabase({ connectionString, instrument, readTimeoutMs: config.readTimeoutMs });
  parts.push({ name: 'connections to the database', stop: () => database.close() });
  await prepareSearch({ database });
  return database;
}

/** Tells the operator what to do, in one sentence, if PostgreSQL ended or refused to work during the start. */
export function explainFailedStart(error: unknown): unknown {
  const outage = findOutage(error);
  if (outage === null) return error;
  const told = error instanceof Error ? error.message : String(error);
  return new Error(`During the start ${outage.reason} (${told}): ${outage.remedy}`, { cause: error });
}

/** The admin key after a start. */
export interface AdminKey {
  /** The file with the generated admin key; null if MC_API_KEY is set or the file of an earlier start is missing. */
  readonly adminKeyPath: string | null;
  /** The admin key, if this start has generated it. */
  readonly adminKey: string | null;
}

/** Ensures that there is an admin key. */
export async function prepareAdminKey(config: Config, database: Database): Promise<AdminKey> {
  const file = createAdminKeyFile(config.dataDir);
  const adminKey = await ensureAdminKey({ database }, config.apiKey?.reveal() ?? null, file);
  return {
    adminKey,
    adminKeyPath: config.apiKey === undefined && (await file.exists()) ? file.path : null,
  };
}

/** The folder of the built dashboard; undefined in an installation without development packages, which has none. */
export function findDashboard(): string | undefined {
  const folder = join(findPackageFolder(), 'dist', 'dashboard');
  return existsSync(join(folder, 'index.html')) ? folder : undefined;
}

/** How browsers sign in with a link. */
export function createSignIn(database: Database) {
  return { redeem: createSignInLinks(database).redeem, openSession: createBrowserSessions(database).open };
}

/** Makes a link that signs a browser in as the admin, once; null without a dashboard or a usable admin key. */
export async function makeAdminLink(
  database: Database,
  { signInUrl }: Pick<ServerFacts, 'signInUrl'>,
): Promise<string | null> {
  if (findDashboard() === undefined) return null;
  const keyId = await findLastingAdminKey(database.pool);
  return keyId === null ? null : signInUrl((await createSignInLinks(database).issue(keyId)).token);
}

/**
 * Reads the facts that the server reports about itself. It began to start `sinceMs` ago.
 *
 * @param url - the address of this server; called when it listens.
 */
export async function readFacts(
  config: Config,
  database: Database,
  { sinceMs, url }: { readonly sinceMs: number; readonly url: () => string | null },
): Promise<ServerFacts> {
  const manifest: { version: string } = JSON.parse(
    await readFile(join(findPackageFolder(), 'package.json'), 'utf8'),
  );
  const kind = config.databaseUrl === undefined ? 'embedded' : 'external';
  return {
    version: manifest.version,
    startedAt: toDate((await readNow(database.pool)).getTime() - sinceMs),
    database: `${kind} PostgreSQL ${await readServerVersion(database)}`,
    signInUrl: (code) => `${url() ?? ''}${config.http.basePath}/#sign-in=${code}`,
    limits: { ...serverLimits },
  };
}

/** What the metrics read at each scrape. `position` is the place in the log up to which this process has delivered. */
export function readingsOf(database: Database, position: () => bigint) {
  return {
    pools: () => readPoolUse(database),
    isReachable: () => isReachable(database),
    backlog: () => readBacklog(database.pool, position()),
    webhooks: () => readWebhookLag(database.pool),
  };
}
