import type { Transaction } from '../../postgres/transaction.js';

/** Writes that a person has seen this version of the item. Returns false if that is written already. */
export async function acknowledgeItem(
  tx: Transaction,
  { itemId, version, keyId }: { readonly itemId: string; readonly version: string; readonly keyId: string },
): Promise<boolean> {
  const row = await tx.one({
    name: 'acknowledge_item',
    text: `INSERT INTO attention_acknowledgements AS k (item_id, version, key_id) VALUES ($1, $2, $3)
      ON CONFLICT (item_id) DO UPDATE SET version = excluded.version, key_id = excluded.key_id, acknowledged_at = excluded.acknowledged_at
        WHERE k.version <> excluded.version RETURNING item_id`,
    values: [itemId, version, keyId],
  });
  return row !== null;
}
