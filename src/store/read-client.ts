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
 * The Prisma client without writes and raw SQL. Every write is a statement of the store, so a write in src/graphql does
 * not compile. The methods are listed by name, so that write methods of a later Prisma version are not included.
 */
export type ReadClient = Pick<PrismaClient, '$connect' | '$disconnect'> & {
  readonly [Model in Uncapitalize<Prisma.ModelName>]: Pick<PrismaClient[Model], ReadMethod>;
};

/** Creates a client that uses an existing connection pool, so that Prisma opens no connections. */
export function createReadClient(pool: Database['pool']): ReadClient {
  return new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) });
}
