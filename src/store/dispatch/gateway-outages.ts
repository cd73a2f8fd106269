import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';

/** Why calls to a gateway wait. */
export interface GatewayOutageRow {
  readonly gateway: string;
  readonly error: string;
  /** Set if the gateway refuses every call: what an operator has to do. */
  readonly remedy: string | null;
}

/**
 * Writes that calls to a gateway can't be made. The row expires after `forMs`; a further write in the same state keeps its `since`.
 * Returns whether the state is new.
 */
export async function noteOutage(
  tx: Transaction,
  outage: GatewayOutageRow & { readonly forMs: number },
): Promise<boolean> {
  const row = await tx.one<{ isNew: boolean }>({
    name: 'note_outage',
    text: `INSERT INTO gateway_outages AS o (gateway, error, expires_at, remedy)
      VALUES ($1, $2, now() + $3 * interval '1 millisecond', $4)
      ON CONFLICT (gateway) DO UPDATE SET error = excluded.error, expires_at = excluded.expires_at, remedy = excluded.remedy,
        since = CASE WHEN o.expires_at > now() AND (o.remedy IS NULL) = (excluded.remedy IS NULL) THEN o.since ELSE now() END
      RETURNING since = now()::timestamptz(3) AS is_new`,
    values: [outage.gateway, outage.error, outage.forMs, outage.remedy],
  });
  return row?.isNew ?? false;
}

/** Deletes the outage of a gateway that answers again. Returns whether there was one. */
export async function forgetOutage(tx: Transaction, gateway: string): Promise<boolean> {
  const row = await tx.one({
    name: 'forget_outage',
    text: 'DELETE FROM gateway_outages WHERE gateway = $1 RETURNING gateway',
    values: [gateway],
  });
  return row !== null;
}

/** Reads the outages that some process has confirmed lately. */
export async function listOutages(executor: Executor): Promise<GatewayOutageRow[]> {
  return query(executor, {
    name: 'list_outages',
    text: 'SELECT gateway, error, remedy FROM gateway_outages WHERE expires_at > now()',
  });
}
