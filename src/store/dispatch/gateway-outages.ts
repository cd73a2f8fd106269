import { type Executor, query } from '../../postgres/statement.js';

/** Records an outage of a gateway for `forMs`; a repeated call extends it and keeps its start. */
export async function noteOutage(
  executor: Executor,
  outage: { readonly gateway: string; readonly error: string; readonly forMs: number },
): Promise<void> {
  await query(executor, {
    name: 'note_outage',
    text: `INSERT INTO gateway_outages AS o (gateway, error, expires_at) VALUES ($1, $2, now() + $3 * interval '1 millisecond')
      ON CONFLICT (gateway) DO UPDATE SET error = excluded.error, expires_at = excluded.expires_at,
        since = CASE WHEN o.expires_at > now() THEN o.since ELSE now() END`,
    values: [outage.gateway, outage.error, outage.forMs],
  });
}

/** Deletes the outage of a gateway that responds again. */
export async function forgetOutage(executor: Executor, gateway: string): Promise<void> {
  await query(executor, {
    name: 'forget_outage',
    text: 'DELETE FROM gateway_outages WHERE gateway = $1',
    values: [gateway],
  });
}
