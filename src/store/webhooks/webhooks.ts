import type { WebhookFilter } from '../../domain/webhooks/webhook.js';
import type { Webhook } from '../../generated/prisma/client.js';
import { assignments, columns } from '../../postgres/sql-assignments.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';

export type WebhookRow = Webhook;

/** Columns to write. The driver writes the filter as JSON. */
export type WebhookChanges = Partial<Omit<WebhookRow, 'filter'>> & { readonly filter?: WebhookFilter };

/** Counts the webhooks. The lock makes transactions that create one count one after the other. */
export async function countWebhooks(tx: Transaction): Promise<number> {
  await tx.query({
    name: 'lock_webhooks',
    text: "SELECT pg_advisory_xact_lock(hashtextextended('mission_control.webhooks', 0))",
  });
  const row = await tx.one<{ count: number }>({
    name: 'count_webhooks',
    text: 'SELECT count(*)::int AS count FROM webhooks',
  });
  return row?.count ?? 0;
}

/** Inserts a webhook. */
export async function insertWebhook(
  tx: Transaction,
  row: Pick<WebhookRow, 'id' | 'url' | 'format' | 'document' | 'secret' | 'position' | 'keyId'> & {
    readonly filter: WebhookFilter;
  },
): Promise<WebhookRow> {
  const { names, places, values } = columns(row);
  const inserted = await tx.one<WebhookRow>({
    text: `INSERT INTO webhooks (${names.join(', ')}) VALUES (${places.join(', ')}) RETURNING *`,
    values,
  });
  if (inserted === null) throw new Error('an INSERT returned no row');
  return inserted;
}

/** Locks a webhook. This serializes its edits with the outcomes of deliveries. Null if there is none. */
export function lockWebhook(tx: Transaction, id: string): Promise<WebhookRow | null> {
  return tx.one<WebhookRow>({
    name: 'lock_webhook',
    text: 'SELECT * FROM webhooks WHERE id = $1 FOR NO KEY UPDATE',
    values: [id],
  });
}

/** Writes columns of a locked webhook. Its sender, in any process, reads it again before it sends the next event. */
export async function updateWebhookRow(
  tx: Transaction,
  id: string,
  changes: WebhookChanges,
): Promise<WebhookRow> {
  const { sql, values } = assignments(changes, 2);
  const row = await tx.one<WebhookRow>({
    text: `UPDATE webhooks SET ${sql.map((part) => `${part}, `).join('')} version = version + 1 WHERE id = $1 RETURNING *`,
    values: [id, ...values],
  });
  if (row === null) throw new Error(`webhook ${id} vanished while its row was locked`);
  return row;
}

/** Replaces the secret. The former one stays valid for `keepMs`, by the database clock. */
export async function rotateSecret(
  tx: Transaction,
  id: string,
  secret: string,
  keepMs: number,
): Promise<WebhookRow | null> {
  return tx.one<WebhookRow>({
    name: 'rotate_webhook_secret',
    text: `UPDATE webhooks SET previous_secret = secret, previous_secret_until = now() + $3 * interval '1 millisecond', secret = $2,
        version = version + 1 WHERE id = $1 RETURNING *`,
    values: [id, secret, keepMs],
  });
}

/** The stored secrets of a webhook. */
export type StoredSecrets = Pick<WebhookRow, 'secret' | 'previousSecret'>;

/** Reads the secrets of all webhooks. */
export function readSecrets(executor: Executor): Promise<(StoredSecrets & Pick<WebhookRow, 'id'>)[]> {
  return query(executor, {
    name: 'read_webhook_secrets',
    text: 'SELECT id, secret, previous_secret FROM webhooks',
  });
}

/** Writes the secrets of a webhook in another form, unless they were changed meanwhile. */
export async function replaceSecrets(
  executor: Executor,
  id: string,
  before: StoredSecrets,
  after: StoredSecrets,
): Promise<void> {
  await query(executor, {
    name: 'replace_webhook_secrets',
    text: `UPDATE webhooks SET secret = $4, previous_secret = $5
      WHERE id = $1 AND secret = $2 AND previous_secret IS NOT DISTINCT FROM $3`,
    values: [id, before.secret, before.previousSecret, after.secret, after.previousSecret],
  });
}

/** Deletes a webhook and its deliveries. Returns whether there was one. */
export async function deleteWebhook(tx: Transaction, id: string): Promise<boolean> {
  const row = await tx.one({
    name: 'delete_webhook',
    text: 'DELETE FROM webhooks WHERE id = $1 RETURNING id',
    values: [id],
  });
  return row !== null;
}

/** The webhook with this id; null if there is none. */
export async function findWebhook(executor: Executor, id: string): Promise<WebhookRow | null> {
  const [row] = await query<WebhookRow>(executor, {
    name: 'find_webhook',
    text: 'SELECT * FROM webhooks WHERE id = $1',
    values: [id],
  });
  return row ?? null;
}
