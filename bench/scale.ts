import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createInstrument } from '../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../src/postgres/embedded-postgres.js';
import { pinSession, STEADY_PLANS } from '../src/postgres/session.js';
import { getTypeParser } from '../src/postgres/type-parsers.js';
import { print, quantile } from './harness.js';
import { buildScale } from './scale/build.js';
import { type Case, listCases, otherCases } from './scale/cases.js';

/**
 * The time of each read with ten thousand and with a million tasks. `npm run bench:scale -- <text>` measures the reads whose name
 * has the text. The two databases are built once, in about five minutes, and take 3 GB in the folder of BENCH_DATA_DIR.
 */
const SIZES = { small: 10_000, large: 1_000_000 } as const;
const FOLDER = process.env.BENCH_DATA_DIR ?? join(homedir(), '.cache', 'mission-control-bench');
/** A read may take three times as long as with ten thousand tasks, or this many milliseconds if that is more. */
const TARGET = { factor: 3, ms: 50 };

const postgres = await startEmbeddedPostgres({
  dataDir: FOLDER,
  instrument: createInstrument(),
  durable: false,
  settings: { shared_buffers: '1GB', max_wal_size: '4GB' },
});
try {
  const small = await open('small');
  const large = await open('large');
  const wanted = process.argv[2] ?? '';
  const cases = [...otherCases(), ...listCases(await readEnd(large))].filter(({ name }) =>
    name.includes(wanted),
  );
  for (const each of cases) report(each, await measure(small, each), await measure(large, each));
  await Promise.all([small.end(), large.end()]);
} finally {
  await postgres.stop();
}

/** Connects to the database of this size, and builds it if it is missing. */
async function open(size: keyof typeof SIZES): Promise<pg.Client> {
  const admin = await connect(postgres.connectionString);
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [size]);
  const url = new URL(postgres.connectionString);
  url.pathname = `/${size}`;
  if (rowCount === 0) {
    await admin.query(`CREATE DATABASE ${size}_new`);
    url.pathname = `/${size}_new`;
    await buildScale(url.href, SIZES[size]);
    await admin.query(`ALTER DATABASE ${size}_new RENAME TO ${size}`);
    url.pathname = `/${size}`;
  }
  await admin.end();
  const client = await connect(url.href);
  await pinSession(client, { statementMs: 30_000, idleInTransactionMs: 0 }, STEADY_PLANS);
  return client;
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, types: { getTypeParser } });
  await client.connect();
  return client;
}

/** The time at which the tasks end, in milliseconds. */
async function readEnd(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ ms: number }>(
    'SELECT (extract(epoch FROM max(created_at)) * 1000)::float8 AS ms FROM tasks',
  );
  return rows[0]?.ms ?? 0;
}

/** The median of six runs after a first one, as often as PostgreSQL needs to choose the plan that it keeps. Fewer if it is slow. */
async function measure(client: pg.Client, { read }: Case): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 7 && !times.some((ms) => ms > 1_000); run += 1) {
    const before = cpuMs(client);
    await read(client);
    times.push(cpuMs(client) - before);
  }
  return quantile(times.length > 1 ? times.slice(1) : times, 0.5);
}

/** Processor time of the connection's process (Linux): it is the same on a busy machine. */
function cpuMs(client: pg.Client): number {
  const pid: unknown = Reflect.get(client, 'processID');
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000_000;
}

function report({ name }: Case, small: number, large: number): void {
  const isMet = large <= Math.max(TARGET.ms, TARGET.factor * small);
  print(
    `| ${name} | ${small.toFixed(1)} ms | ${large.toFixed(1)} ms | ${(large / small).toFixed(1)} × | ${isMet ? '' : 'missed'} |`,
  );
}
