import type { LogPosition } from '../../domain/events/log-position.js';
import type { WebhookLag } from '../../domain/webhooks/webhook.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { WebhookRow } from './webhooks.js';

/** What its sender knows of the key that made the webhook. */
export interface HeldWebhook extends WebhookRow {
  readonly role: 'VIEWER' | 'AGENT' | 'OPERATOR' | 'ADMIN';
  /** Whether the key was revoked or has expired. */
  readonly isKeyOver: boolean;
  /** The secrets that sign now. */
  readonly secrets: readonly string[];
  /** The time of the database when it read the row. */
  readonly readAt: Date;
}

/** The row `w` with the facts about its key. */
const HELD = `w.*, now() AS read_at, k.role, (k.revoked_at IS NOT NULL OR coalesce(k.expires_at <= now(), false)) AS is_key_over,
  array_remove(ARRAY[w.secret, CASE WHEN w.previous_secret_until > now() THEN w.previous_secret END], NULL) AS secrets`;

/** Whether the webhook `w` has something to deliver, and its backoff is over. */
const IS_DUE = `w.paused_at IS NULL AND coalesce(w.retry_at <= now(), true)
  AND w.position < coalesce((SELECT max(id) FROM events), 0)`;

/**
 * Takes a webhook that has something to deliver and that no process holds, or whose holder has let its lease end. SKIP LOCKED:
 * concurrent processes take different ones.
 */
export async function takeWebhook(
  executor: Executor,
  holder: string,
  leaseMs: number,
): Promise<HeldWebhook | null> {
  const [row] = await query<HeldWebhook>(executor, {
    name: 'take_webhook',
    text: `WITH taken AS (UPDATE webhooks SET holder = $1, held_until = now() + $2 * interval '1 millisecond' WHERE id = (
        SELECT w.id FROM webhooks w WHERE ${IS_DUE} AND coalesce(w.held_until < now(), true)
        ORDER BY w.position LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING *)
      SELECT ${HELD} FROM taken w JOIN api_keys k ON k.id = w.key_id`,
    values: [holder, leaseMs],
  });
  return row ?? null;
}

/** Extends leases that have not ended. Returns the holders that still have theirs. */
export async function renewWebhooks(
  executor: Executor,
  holders: readonly string[],
  leaseMs: number,
): Promise<ReadonlySet<string>> {
  const rows = await query<{ holder: string }>(executor, {
    name: 'renew_webhooks',
    text: `UPDATE webhooks SET held_until = now() + $2 * interval '1 millisecond'
      WHERE holder = ANY($1::text[]) AND held_until >= now() RETURNING holder`,
    values: [holders, leaseMs],
  });
  return new Set(rows.map(({ holder }) => holder));
}

/** Reads the webhook again; null if this holder has lost it. */
export async function readHeldWebhook(executor: Executor, holder: string): Promise<HeldWebhook | null> {
  const [row] = await query<HeldWebhook>(executor, {
    name: 'read_held_webhook',
    text: `SELECT ${HELD} FROM webhooks w JOIN api_keys k ON k.id = w.key_id WHERE w.holder = $1 AND w.held_until >= now()`,
    values: [holder],
  });
  return row ?? null;
}

/** Ends the lease, at the place up to which nothing is left to deliver. */
export async function releaseWebhook(
  executor: Executor,
  { holder, from, position }: Pick<Attempt, 'holder' | 'from' | 'position'>,
): Promise<void> {
  await query(executor, {
    name: 'release_webhook',
    text: `UPDATE webhooks SET holder = NULL, held_until = NULL, position = CASE WHEN position = $2 THEN greatest(position, $3) ELSE position END
      WHERE holder = $1`,
    values: [holder, from, position],
  });
}

/** One attempt, and the place in the log if it has succeeded. */
export interface Attempt {
  readonly holder: string;
  /** The place that the sender has read. A replay meanwhile may have moved it, and then it stays where the replay has put it. */
  readonly from: LogPosition;
  readonly position: LogPosition;
  readonly eventId: string;
  readonly attempt: number;
  readonly status: number | null;
  readonly durationMs: number;
  readonly error: string | null;
  readonly answer: string | null;
}

const INSERT_DELIVERY = `INSERT INTO webhook_deliveries (webhook_id, event_id, attempt, status, duration_ms, error, answer)
  SELECT w.id, $2, $3, $4, $5, $6, $7 FROM written w`;

/** Writes a delivery in one statement. Null if the lease is lost, and then nothing is written. */
export async function writeDelivered(executor: Executor, attempt: Attempt): Promise<HeldWebhook | null> {
  const [row] = await query<HeldWebhook>(executor, {
    name: 'write_delivered',
    text: `WITH written AS (UPDATE webhooks SET position = CASE WHEN position = $8 THEN $9 ELSE position END, failures = 0, failing_since = NULL,
          retry_at = NULL, last_status = $4, last_error = NULL, last_delivered_at = now() WHERE holder = $1 RETURNING *),
        kept AS (${INSERT_DELIVERY})
      SELECT ${HELD} FROM written w JOIN api_keys k ON k.id = w.key_id`,
    values: [...valuesOf(attempt), attempt.from, attempt.position],
  });
  return row ?? null;
}

/** Writes a failed attempt with the end of the backoff. Null if the lease is lost, and then nothing is written. */
export function writeFailed(
  tx: Transaction,
  attempt: Attempt,
  retryInMs: number,
): Promise<(HeldWebhook & { readonly failingMs: number }) | null> {
  return tx.one<HeldWebhook & { readonly failingMs: number }>({
    name: 'write_delivery_failed',
    text: `WITH written AS (UPDATE webhooks SET failures = failures + 1, failing_since = coalesce(failing_since, now()),
          retry_at = now() + $8::float8 * interval '1 millisecond', last_status = $4, last_error = $6 WHERE holder = $1 RETURNING *),
        kept AS (${INSERT_DELIVERY})
      SELECT ${HELD}, (extract(epoch FROM now() - w.failing_since) * 1000)::float8 AS failing_ms
      FROM written w JOIN api_keys k ON k.id = w.key_id`,
    values: [...valuesOf(attempt), retryInMs],
  });
}

function valuesOf({ holder, eventId, attempt, status, durationMs, error, answer }: Attempt): unknown[] {
  return [holder, eventId, attempt, status, durationMs, error, answer];
}

/** Pauses a webhook for a reason that its receiver or its key has given. Returns whether this holder still had it. */
export async function pauseHeldWebhook(tx: Transaction, holder: string, reason: string): Promise<boolean> {
  const row = await tx.one({
    name: 'pause_held_webhook',
    text: 'UPDATE webhooks SET paused_at = now(), pause_reason = $2, version = version + 1 WHERE holder = $1 RETURNING id',
    values: [holder, reason],
  });
  return row !== null;
}

/** Deletes all but the newest `keep` deliveries of a webhook. */
export async function pruneDeliveries(executor: Executor, webhookId: string, keep: number): Promise<void> {
  await query(executor, {
    name: 'prune_deliveries',
    text: `DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND id <= (
      SELECT id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)`,
    values: [webhookId, keep],
  });
}

/** How many webhooks are not paused, and when a backoff or the lease of another process ends next. */
export interface WebhookPlan {
  readonly active: number;
  /** Milliseconds; null if nothing will become due by time alone. */
  readonly nextInMs: number | null;
}

/** Reads when there can be something to take. The table is small. */
export async function readWebhookPlan(executor: Executor): Promise<WebhookPlan> {
  const [row] = await query<WebhookPlan>(executor, {
    name: 'read_webhook_plan',
    text: `SELECT count(*)::int AS active,
        (extract(epoch FROM min(greatest(w.retry_at, w.held_until)) FILTER (
          WHERE w.retry_at > now() OR (w.held_until > now() AND w.position < coalesce((SELECT max(id) FROM events), 0))) - now()) * 1000)::float8 AS next_in_ms
      FROM webhooks w WHERE w.paused_at IS NULL`,
  });
  return row ?? { active: 0, nextInMs: null };
}

/** Reads the lag for the metrics. */
export async function readWebhookLag(executor: Executor): Promise<WebhookLag> {
  const [row] = await query<WebhookLag>(executor, {
    name: 'read_webhook_lag',
    text: `SELECT coalesce(max((SELECT max(id) FROM events) - position) FILTER (WHERE paused_at IS NULL), 0)::float8 AS events,
        (count(*) FILTER (WHERE pause_reason IS NOT NULL))::int AS paused FROM webhooks`,
  });
  return row ?? { events: 0, paused: 0 };
}
