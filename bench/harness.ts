import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createInstrument } from '../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../src/postgres/embedded-postgres.js';
import { type Served, serve } from './processes.js';

/** The admin key of all servers. */
export const ADMIN = 'an-admin-key-for-the-benchmark';

/** A PostgreSQL for the benchmark, and the processes that use it. */
export interface Harness {
  readonly pool: pg.Pool;
  /** Starts a server process, by default on the common database and of this checkout. `env` has further settings. */
  startServer(database?: string, checkout?: string, env?: Readonly<Record<string, string>>): Promise<Served>;
  /** Creates another database. */
  createDatabase(): Promise<{ url: string; pool: pg.Pool }>;
  /** Starts a program of this folder that prints its URL. */
  startProgram(path: string): Promise<Served>;
  close(): Promise<void>;
}

/** Starts the PostgreSQL of a benchmark. */
export async function openHarness(): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'mission-control-bench-'));
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'pg'),
    instrument: createInstrument(),
  });
  const pool = openPool(postgres.connectionString);
  const others: pg.Pool[] = [];
  const children: Served[] = [];

  async function start(command: readonly string[], env: Record<string, string>): Promise<Served> {
    const child = await serve(command, env);
    children.push(child);
    return child;
  }

  return {
    pool,
    startServer: (database = postgres.connectionString, checkout = '.', env = {}) =>
      start([process.execPath, join(checkout, 'dist/main.js')], {
        DATABASE_URL: database,
        MC_API_KEY: ADMIN,
        MC_DATA_DIR: join(folder, 'data'),
        MC_PORT: '0',
        MC_LOG_LEVEL: 'warn',
        ...env,
      }),
    async createDatabase() {
      const url = new URL(postgres.connectionString);
      url.pathname = `/bench_${others.length + 1}`;
      await pool.query(`CREATE DATABASE ${url.pathname.slice(1)}`);
      const other = openPool(url.href);
      others.push(other);
      return { url: url.href, pool: other };
    },
    startProgram: (path) => start([process.execPath, '--import', 'tsx', path], {}),
    async close() {
      await finish(children.map((child) => child.stop()));
      await finish([pool, ...others].map((each) => each.end()));
      await finish([postgres.stop()]);
      // A PostgreSQL that is still busy stopping removes files in between.
      await finish([rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })]);
    },
  };
}

/**
 * The `end` of a pool resolves before its connections are closed, and PostgreSQL may end one in that moment. Without a listener
 * that ends the process.
 */
function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString });
  pool.on('error', () => undefined);
  return pool;
}

/** Waits for all steps. What was measured stands, so a step that fails is printed, and does not decide the exit code. */
async function finish(steps: readonly Promise<unknown>[]): Promise<void> {
  for (const step of await Promise.allSettled(steps))
    if (step.status === 'rejected') process.stderr.write(`while cleaning up: ${step.reason}\n`);
}

type Data = Record<string, { readonly secret?: string }>;

/** Sends a query. @throws Error for an answer with errors. */
export async function ask(url: string, query: string): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN}` },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown };
  if (data === undefined || errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

/** Creates one task. */
export async function createTask(url: string): Promise<void> {
  await ask(url, 'mutation { createTask(input: { title: "A task of the benchmark" }) { task { id } } }');
}

/** Creates an API key and returns its secret. */
export async function createKey(url: string, input: string): Promise<string> {
  const { createApiKey } = await ask(
    url,
    `mutation { createApiKey(input: { name: "bench", ${input} }) { secret } }`,
  );
  return createApiKey?.secret ?? '';
}

/** The quantile `q` of the values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Prints one line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
