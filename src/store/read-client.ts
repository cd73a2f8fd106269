import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client.js';
import type { Database } from '../postgres/database.js';

/** Prisma, for the graph's reads and nothing else: every write is a statement of the store. */
export type ReadClient = PrismaClient;

/** Shares the pool of the database. Counts of queries can be taken with `onQuery`, which tests use to find N+1. */
export function createReadClient(database: Database, onQuery?: (sql: string) => void): ReadClient {
  const adapter = new PrismaPg(database.pool, { disposeExternalPool: false });
  if (onQuery === undefined) return new PrismaClient({ adapter });
  const client = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] });
  client.$on('query', (event) => onQuery(event.query));
  return client;
}
