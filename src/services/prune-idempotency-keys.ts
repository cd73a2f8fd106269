import { deleteOldIdempotencyKeys } from '../store/idempotency.js';
import { inTransaction } from '../store/transaction.js';
import type { ServiceContext } from './service-context.js';

/** Forgets the idempotency keys that answer no longer, and returns how many. */
export async function pruneIdempotencyKeys({ database }: Pick<ServiceContext, 'database'>): Promise<number> {
  return inTransaction(database, deleteOldIdempotencyKeys);
}
