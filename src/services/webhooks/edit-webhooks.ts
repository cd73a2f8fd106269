import { toActor, type Viewer } from '../../domain/actor.js';
import type { EventPayload, EventType } from '../../domain/events/event-types.js';
import type { LogPosition } from '../../domain/events/log-position.js';
import { Refusal } from '../../domain/refusals.js';
import {
  findSecretMistake,
  MAX_WEBHOOKS,
  OLD_SECRET_MS,
  type WebhookFilter,
  type WebhookFormat,
} from '../../domain/webhooks/webhook.js';
import { newId, newSigningSecret } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { readLogBounds } from '../../store/events/event-log.js';
import { readNow } from '../../store/ops/database-clock.js';
import {
  countWebhooks,
  deleteWebhook,
  insertWebhook,
  lockWebhook,
  readSecrets,
  replaceSecrets,
  rotateSecret,
  updateWebhookRow,
  type WebhookChanges,
  type WebhookRow,
} from '../../store/webhooks/webhooks.js';
import { toLookup, toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export type { WebhookRow };

type Context = Pick<ServiceContext, 'database' | 'webhooks'>;

/** A webhook and the secret that signs its deliveries. */
export interface WebhookWithSecret {
  readonly webhook: WebhookRow;
  readonly secret: string;
}

export interface CreateWebhook {
  readonly url: string;
  readonly filter: WebhookFilter;
  readonly document?: string | null | undefined;
  readonly format?: WebhookFormat | null | undefined;
  readonly secret?: string | null | undefined;
  /** Deliveries begin after it; null means with the next event. */
  readonly position: LogPosition | null;
}

/**
 * Creates a webhook. Only the answer contains its secret.
 * @throws {Refusal} INVALID for an address that no webhook may have, or for a secret of another form; QUOTA_EXCEEDED.
 */
export async function createWebhook(
  context: Context,
  viewer: Viewer,
  { url, filter, document, format, secret: given, position }: CreateWebhook,
): Promise<WebhookWithSecret> {
  const secret = given ?? newSigningSecret();
  const mistake = findSecretMistake(secret);
  if (mistake !== null) throw new Refusal('INVALID', `secret ${mistake}.`, ['secret']);
  checkDocument(document ?? null, format ?? 'STANDARD');
  await checkUrl(context, url);
  const webhook = await inTransaction(context.database, async (tx) => {
    if ((await countWebhooks(tx)) >= MAX_WEBHOOKS)
      throw new Refusal('QUOTA_EXCEEDED', `There are ${MAX_WEBHOOKS} webhooks: remove one first.`);
    const id = newId('whk');
    const row = await insertWebhook(tx, {
      ...{ id, url, filter, keyId: viewer.keyId },
      secret: context.webhooks.secrets.toStored(id, secret),
      format: format ?? 'STANDARD',
      document: document ?? null,
      position: position ?? (await readLogBounds(tx.executor)).end,
    });
    tell(tx, viewer, 'webhook.created', row.id);
    return row;
  });
  return { webhook, secret };
}

export interface UpdateWebhook {
  readonly id: string;
  readonly url?: string | null | undefined;
  readonly filter?: WebhookFilter | undefined;
  /** Null removes it; undefined keeps it. */
  readonly document?: string | null | undefined;
  readonly format?: WebhookFormat | null | undefined;
}

/** Changes the given fields, from the next event on. @throws {Refusal} NOT_FOUND, INVALID */
export async function updateWebhook(
  context: Context,
  viewer: Viewer,
  { id, url, filter, document, format }: UpdateWebhook,
): Promise<WebhookRow> {
  if (url) await checkUrl(context, url);
  return inTransaction(context.database, async (tx) => {
    const row = await getWebhook(tx, id);
    const changes: WebhookChanges = {
      ...(url ? { url } : {}),
      ...(filter === undefined ? {} : { filter }),
      ...(document === undefined ? {} : { document }),
      ...(format ? { format } : {}),
    };
    const { document: kept, format: form } = { ...row, ...changes };
    checkDocument(kept, form);
    const changedFields = Object.keys(changes);
    if (changedFields.length === 0) return row;
    tell(tx, viewer, 'webhook.updated', id, { changedFields });
    return updateWebhookRow(tx, id, changes);
  });
}

/** Stops deliveries after the request that is under way. Idempotent. @throws {Refusal} NOT_FOUND */
export function pauseWebhook(context: Context, viewer: Viewer, id: string): Promise<WebhookRow> {
  return inTransaction(context.database, async (tx) => {
    const row = await getWebhook(tx, id);
    if (row.pausedAt !== null) return row;
    tell(tx, viewer, 'webhook.paused', id);
    return updateWebhookRow(tx, id, { pausedAt: await readNow(tx.executor), pauseReason: null });
  });
}

/** Goes on where the webhook was paused, at once. Events that were pruned meanwhile are lost. @throws {Refusal} NOT_FOUND */
export function resumeWebhook(context: Context, viewer: Viewer, id: string): Promise<WebhookRow> {
  return inTransaction(context.database, async (tx) => {
    const row = await getWebhook(tx, id);
    const { begin } = await readLogBounds(tx.executor);
    if (row.pausedAt === null && row.retryAt === null) return row;
    tell(tx, viewer, 'webhook.resumed', id);
    const position = row.position < begin ? begin : row.position;
    return updateWebhookRow(tx, id, { ...FRESH, pausedAt: null, pauseReason: null, position });
  });
}

/** Delivers again all events after the position. @throws {Refusal} NOT_FOUND */
export function replayWebhook(
  context: Context,
  viewer: Viewer,
  { id, position }: { readonly id: string; readonly position: LogPosition },
): Promise<WebhookRow> {
  return inTransaction(context.database, async (tx) => {
    await getWebhook(tx, id);
    tell(tx, viewer, 'webhook.replayed', id);
    return updateWebhookRow(tx, id, { ...FRESH, position });
  });
}

/** Replaces the secret. The former one signs as well for a day. @throws {Refusal} NOT_FOUND */
export async function rotateWebhookSecret(
  context: Context,
  viewer: Viewer,
  id: string,
): Promise<WebhookWithSecret> {
  const secret = newSigningSecret();
  return inTransaction(context.database, async (tx) => {
    const { id: found } = await getWebhook(tx, id);
    const stored = context.webhooks.secrets.toStored(found, secret);
    const webhook = await rotateSecret(tx, found, stored, OLD_SECRET_MS);
    if (webhook === null) throw new Error(`webhook ${found} vanished while its row was locked`);
    tell(tx, viewer, 'webhook.updated', found, { changedFields: ['secret'] });
    return { webhook, secret };
  });
}

/**
 * Stores secrets again that are not encrypted with the present key. Several processes may do it at once; a secret that is rotated
 * meanwhile stays.
 */
export async function renewStoredSecrets({ database, webhooks: { secrets } }: Context): Promise<void> {
  for (const { id, secret, previousSecret } of await readSecrets(database.pool)) {
    const renew = (stored: string) => secrets.toRenewed(id, stored);
    const next = { secret: renew(secret), previousSecret: previousSecret && renew(previousSecret) };
    if (next.secret !== secret || next.previousSecret !== previousSecret)
      await replaceSecrets(database.pool, id, { secret, previousSecret }, next);
  }
}

/** Deletes a webhook with its deliveries, and returns its id. @throws {Refusal} NOT_FOUND */
export async function removeWebhook(context: Context, viewer: Viewer, id: string): Promise<string> {
  return inTransaction(context.database, async (tx) => {
    const row = await getWebhook(tx, id);
    await deleteWebhook(tx, row.id);
    tell(tx, viewer, 'webhook.removed', row.id);
    return row.id;
  });
}

/** No failures, so that the next attempt is made at once. */
const FRESH = { failures: 0, failingSince: null, retryAt: null } as const;

async function getWebhook(tx: Transaction, id: string): Promise<WebhookRow> {
  const row = await lockWebhook(tx, toLookup(id));
  if (row === null) throw new Refusal('NOT_FOUND', `There is no webhook ${toShown(id)}.`, ['id']);
  return row;
}

async function checkUrl({ webhooks }: Context, url: string): Promise<void> {
  const refusal = await webhooks.refusal(url);
  if (refusal !== null) throw new Refusal('INVALID', `url ${refusal}.`.replace('..', '.'), ['url']);
}

function checkDocument(document: string | null, format: WebhookFormat): void {
  if (document === null || format === 'STANDARD') return;
  throw new Refusal('INVALID', 'A webhook with format SLACK sends its own message: leave document out.', [
    'document',
  ]);
}

function tell(
  tx: Transaction,
  viewer: Viewer,
  type: EventType,
  webhookId: string,
  payload: EventPayload = {},
): void {
  tx.emit({ type, actor: toActor(viewer), payload: { ...payload, webhookId } });
}
