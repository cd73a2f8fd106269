import { type Executor, query } from '../../postgres/statement.js';

/** The keys that are revoked, expired by the database clock, or missing. Uses the primary key. */
export async function listEndedKeys(executor: Executor, ids: readonly string[]): Promise<string[]> {
  const rows = await query<{ id: string }>(executor, {
    name: 'list_ended_keys',
    text: `SELECT w.id FROM unnest($1::text[]) AS w(id) LEFT JOIN api_keys k ON k.id = w.id
      WHERE k.id IS NULL OR k.revoked_at IS NOT NULL OR k.expires_at <= now()`,
    values: [ids],
  });
  return rows.map(({ id }) => id);
}
