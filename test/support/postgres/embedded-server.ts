// A program: starts PostgreSQL in the given folder, prints its connection string, and stops at the end of its input.
import { once } from 'node:events';
import { createInstrument } from '../../../src/kernel/instrument.js';
import { startEmbeddedPostgres } from '../../../src/postgres/embedded-postgres.js';

const postgres = await startEmbeddedPostgres({
  dataDir: process.argv[2] ?? '',
  instrument: createInstrument(),
  durable: false,
});
process.stdout.write(`${postgres.connectionString}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
await postgres.stop();
