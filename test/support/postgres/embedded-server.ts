// Run as a process of its own: starts PostgreSQL in the folder given, says where it is, and stops at the end of input.
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
