import type { WebhookDelivery } from '../../generated/prisma/client.js';
import { sql } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { ChildLists, List } from '../lists/keyset.js';
import { shapeOf } from '../lists/row-shape.js';
import { CREATED, ID } from '../lists/sort-keys.js';
import type { WebhookRow } from './webhooks.js';

export type DeliveryRow = WebhookDelivery;

/** The webhooks, oldest first. */
export const WEBHOOKS: List<WebhookRow> = {
  from: 'webhooks t',
  shape: shapeOf<WebhookRow>('Webhook', '*'),
  where: sql`true`,
  order: { tag: 'webhooks', descending: false, keys: [CREATED, ID] },
};

/** The kept deliveries of each webhook, newest first. Uses webhook_deliveries_webhook_idx. */
export const DELIVERIES_OF_WEBHOOKS: ChildLists<DeliveryRow> = {
  from: 'webhook_deliveries t',
  shape: shapeOf<DeliveryRow>('WebhookDelivery', '*'),
  where: sql`true`,
  parent: 't.webhook_id',
  order: {
    tag: 'deliveries',
    descending: true,
    keys: [{ sql: 't.id', kind: 'number', of: (row) => row.id }],
  },
};

/** The last position of the log: what is behind it has not been looked at. */
export async function readLogEnd(executor: Executor): Promise<bigint> {
  const [row] = await query<{ end: bigint }>(executor, {
    name: 'read_log_end',
    text: 'SELECT coalesce((SELECT max(id) FROM events), 0)::bigint AS end',
  });
  return row?.end ?? 0n;
}
