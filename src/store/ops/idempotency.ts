import type { Transaction } from '../../postgres/transaction.js';

export interface IdempotencyRow {
  readonly fingerprint: string;
  readonly subjectId: string;
}

/** How long a key is valid. */
const VALIDITY = "interval '24 hours'";

/**
 * Reserves a key for this transaction. Returns null if it is reserved now, otherwise the row of the earlier request. A
 * concurrent request with the same key waits here until the first commits or rolls back, so exactly one does the work.
 */
export async function reserveIdempotencyKey(
  tx: Transaction,
  key: { scope: string; operation: string; key: string; fingerprint: string; subjectId: string },
): Promise<IdempotencyRow | null> {
  const values = [key.scope, key.operation, key.key, key.fingerprint, key.subjectId];
  const reserved = await tx.one({
    name: 'reserve_idempotency_key',
    text: `INSERT INTO idempotency_keys AS k (scope, operation, key, fingerprint, subject_id) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (scope, operation, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, subject_id = excluded.subject_id, created_at = now()
        WHERE k.created_at <= now() - ${VALIDITY}
      RETURNING k.key`,
    values,
  });
  if (reserved !== null) return null;
  return tx.one<IdempotencyRow>({
    name: 'read_idempotency_key',
    text: 'SELECT fingerprint, subject_id FROM idempotency_keys WHERE scope = $1 AND operation = $2 AND key = $3',
    values: values.slice(0, 3),
  });
}

/** Deletes expired keys and returns their number. */
export async function deleteOldIdempotencyKeys(tx: Transaction): Promise<number> {
  const rows = await tx.query({
    text: `DELETE FROM idempotency_keys WHERE created_at <= now() - ${VALIDITY} RETURNING key`,
  });
  return rows.length;
}
