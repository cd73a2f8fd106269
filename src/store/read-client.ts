import { PrismaPg } from '@prisma/adapter-pg';
import { type Prisma, PrismaClient } from '../generated/prisma/client.js';
import type { Database } from '../postgres/database.js';

/** The methods of a model that only read. */
type ReadMethod =
  | 'findUnique'
  | 'findUniqueOrThrow'
  | 'findFirst'
  | 'findFirstOrThrow'
  | 'findMany'
  | 'count'
  | 'aggregate'
  | 'groupBy';

/**
 * Prisma without its writes and without raw SQL: every write is a statement of the store, so a write in the graph does
 * not compile. Methods are listed by name, so that a write of a later Prisma version stays out.
 */
export type ReadClient = Pick<PrismaClient, '$connect' | '$disconnect'> & {
  readonly [Model in Uncapitalize<Prisma.ModelName>]: Pick<PrismaClient[Model], ReadMethod>;
};

/** Reads through the pool of the database, so that Prisma opens no connection of its own. */
export function createReadClient(database: Database): ReadClient {
  return new PrismaClient({ adapter: new PrismaPg(database.pool, { disposeExternalPool: false }) });
}
