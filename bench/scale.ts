import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { createInstrument } from '../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../src/postgres/embedded-postgres.js';
import { pinSession, STEADY_PLANS } from '../src/postgres/session.js';
import { getTypeParser } from '../src/postgres/type-parsers.js';
import { print } from './harness.js';
import { buildScale, finishScale } from './scale/build.js';
import { listCases, otherCases } from './scale/cases.js';
import { measure } from './scale/measure.js';
import { type Reading, reportAll, rowOf } from './scale/report.js';

/**
 * The time of each read with ten thousand and with a million tasks. `npm run bench:scale -- <text>` measures the reads whose name
 * has the text. The two databases are built in some minutes and take 7 GB in a temporary folder, which is removed at the end.
 * `--keep <folder>` builds them in this folder, or uses those that an earlier run built there, with the migrations since then.
 */
const SIZES = { small: 10_000, large: 1_000_000 } as const;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { keep: { type: 'string' } } });
const [wanted = ''] = positionals;
const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'mission-control-scale-')));
try {
  const postgres = await startEmbeddedPostgres({
    dataDir: folder,
    instrument: createInstrument(),
    durable: false,
    settings: { shared_buffers: '1GB', max_wal_size: '4GB' },
  });
  try {
    reportAll(await readAll(postgres.connectionString));
  } finally {
    await postgres.stop();
  }
} finally {
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
}

async function readAll(url: string): Promise<Reading[]> {
  const small = await open(url, 'small');
  const large = await open(url, 'large');
  const end = await readEnd(large);
  const all = [...otherCases(end), ...listCases(end)];
  const readings: Reading[] = [];
  for (const each of all.filter(({ name }) => name.includes(wanted))) {
    const reading = {
      name: each.name,
      small: await measure(small, each),
      large: await measure(large, each),
    };
    print(rowOf(reading));
    readings.push(reading);
  }
  await Promise.all([small.end(), large.end()]);
  return readings;
}

/** Connects to the database of this size, and builds it if it is missing. */
async function open(url: string, size: keyof typeof SIZES): Promise<pg.Client> {
  const admin = await connect(url);
  const target = new URL(url);
  target.pathname = `/${size}`;
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [size]);
  if (rowCount === 0) {
    // An interrupted build has left a database under the other name.
    await admin.query(`DROP DATABASE IF EXISTS ${size}_new`);
    await admin.query(`CREATE DATABASE ${size}_new`);
    target.pathname = `/${size}_new`;
    await buildScale(target.href, SIZES[size]);
    await admin.query(`ALTER DATABASE ${size}_new RENAME TO ${size}`);
    target.pathname = `/${size}`;
  }
  await admin.end();
  await finishScale(target.href);
  const client = await connect(target.href);
  // One process does all the work of a statement, so that its processor time is complete.
  const alone = { ...STEADY_PLANS, max_parallel_workers_per_gather: '0' };
  await pinSession(client, { statementMs: 30_000, idleInTransactionMs: 0 }, alone);
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
