import type { LogPosition } from '../../domain/events/log-position.js';
import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import { findPositionSince } from '../../store/events/log-times.js';
import { openChildLists, openList } from '../../store/lists/list-reader.js';
import {
  DELIVERIES_OF_WEBHOOKS,
  type DeliveryRow,
  readLogEnd,
  WEBHOOKS,
} from '../../store/webhooks/webhook-lists.js';
import { findWebhook, type WebhookRow } from '../../store/webhooks/webhooks.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export type { DeliveryRow };

type ReadContext = Pick<ServiceContext, 'database'>;

/** All webhooks, oldest first. */
export function openWebhooks({ database }: ReadContext): ListReader<WebhookRow> {
  return openList(database.pool, WEBHOOKS);
}

/** The webhook with this id; null if there is none. */
export function findWebhookById({ database }: ReadContext, id: string): Promise<WebhookRow | null> {
  return findWebhook(database.pool, toLookup(id));
}

/** The last attempts of each of several webhooks, newest first. */
export function openDeliveries({ database }: ReadContext): ChildListsReader<DeliveryRow> {
  return openChildLists(database.pool, DELIVERIES_OF_WEBHOOKS);
}

/** How many entries of the log the webhook has not looked at. */
export async function countLag({ database }: ReadContext, { position }: WebhookRow): Promise<number> {
  return Math.max(0, Number((await readLogEnd(database.pool)) - position));
}

/** The position before the first event that began at this time or later. */
export function findPositionBefore({ database }: ReadContext, since: Date): Promise<LogPosition> {
  return findPositionSince(database.pool, since);
}
