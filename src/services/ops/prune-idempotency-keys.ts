import { inTransaction } from '../../postgres/transaction.js';
import { deleteOldIdempotencyKeys } from '../../store/ops/idempotency.js';
import type { ServiceContext } from '../service-context.js';

/** Forgets the idempotency keys that answer no longer, and returns how many. */
export async function pruneIdempotencyKeys({ database }: Pick<ServiceContext, 'database'>): Promise<number> {
  return inTransaction(database, deleteOldIdempotencyKeys);
}
