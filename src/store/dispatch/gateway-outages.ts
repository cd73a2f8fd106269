import { type Executor, query } from '../../postgres/statement.js';

/** Why calls to a gateway wait. */
export interface GatewayOutageRow {
  readonly gateway: string;
  readonly error: string;
  /** Set if the gateway refuses every call: what an operator has to do. */
  readonly remedy: string | null;
}

/** Writes that calls to a gateway can't be made. The row expires after `forMs`; a further write keeps its `since`. */
export async function noteOutage(
  executor: Executor,
  outage: GatewayOutageRow & { readonly forMs: number },
): Promise<void> {
  await query(executor, {
    name: 'note_outage',
    text: `INSERT INTO gateway_outages AS o (gateway, error, expires_at, remedy)
      VALUES ($1, $2, now() + $3 * interval '1 millisecond', $4)
      ON CONFLICT (gateway) DO UPDATE SET error = excluded.error, expires_at = excluded.expires_at, remedy = excluded.remedy,
        since = CASE WHEN o.expires_at > now() THEN o.since ELSE now() END`,
    values: [outage.gateway, outage.error, outage.forMs, outage.remedy],
  });
}

/** Deletes the outage of a gateway that answers again. */
export async function forgetOutage(executor: Executor, gateway: string): Promise<void> {
  await query(executor, {
    name: 'forget_outage',
    text: 'DELETE FROM gateway_outages WHERE gateway = $1',
    values: [gateway],
  });
}

/** Reads the outages that some process has confirmed lately. */
export async function listOutages(executor: Executor): Promise<GatewayOutageRow[]> {
  return query(executor, {
    name: 'list_outages',
    text: 'SELECT gateway, error, remedy FROM gateway_outages WHERE expires_at > now()',
  });
}
