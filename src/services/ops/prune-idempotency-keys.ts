import { inTransaction } from '../../postgres/transaction.js';
import { deleteOldIdempotencyKeys } from '../../store/ops/idempotency.js';
import type { ServiceContext } from '../service-context.js';

/** Deletes the expired idempotency keys and returns their number. */
export async function pruneIdempotencyKeys({ database }: Pick<ServiceContext, 'database'>): Promise<number> {
  return inTransaction(database, deleteOldIdempotencyKeys);
}
