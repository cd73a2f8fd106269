import { hasRole } from '../../domain/actor.js';
import { formatLogCursor } from '../../domain/events/log-cursor.js';
import { shownUrl, WEBHOOK_FORMATS, type WebhookFormat } from '../../domain/webhooks/webhook.js';
import type { WebhookRow } from '../../services/webhooks/edit-webhooks.js';
import {
  countLag,
  type DeliveryRow,
  findWebhookById,
  openDeliveries,
} from '../../services/webhooks/read-webhooks.js';
import { connectChildren } from '../base/child-connection.js';
import { connectionArgs, defineConnection } from '../base/connection.js';
import { toJsonObject } from '../base/json-object.js';
import { NodeInterface, registerNode } from '../base/node.js';
import { builder } from '../builder.js';
import { ActorInterface, loadActor } from '../events/actor.js';

const FORMATS: Record<WebhookFormat, string> = {
  STANDARD: 'JSON with the headers and signatures of Standard Webhooks.',
  SLACK: 'A message for a chat: a line for people with a link, in the form that Slack and others accept.',
};

export const WebhookFormatEnum = builder.enumType('WebhookFormat', {
  description: 'What a webhook sends.',
  values: Object.fromEntries(
    WEBHOOK_FORMATS.map((format) => [format, { description: FORMATS[format] }]),
  ) as Record<WebhookFormat, { description: string }>,
});

const DeliveryType = builder.objectRef<DeliveryRow>('WebhookDelivery').implement({
  description: 'One attempt to deliver an event.',
  fields: (t) => ({
    eventId: t.exposeID('eventId', {
      description: 'The id of the event, which the receiver got as webhook-id.',
    }),
    attempt: t.exposeInt('attempt', {
      description: 'The number of the attempt at this event, starting at 1.',
    }),
    status: t.exposeInt('status', {
      nullable: true,
      description: 'The status of the answer; null if there was none.',
    }),
    durationMs: t.exposeInt('durationMs', { description: 'The time until the answer, in milliseconds.' }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'Why the attempt failed; null if it succeeded.',
    }),
    answer: t.exposeString('answer', { nullable: true, description: 'The first 512 bytes of the answer.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When the attempt ended.' }),
  }),
});

const DeliveryConnection = defineConnection<DeliveryRow>('WebhookDelivery', DeliveryType);

export const WebhookType = builder.objectRef<WebhookRow>('Webhook').implement({
  description:
    'An address to which events of the log are sent. Its secrets are shown only when they are made.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    url: t.string({
      description:
        'The address, without the parts that may be credentials: the query, and the path of a chat.',
      resolve: ({ url, format }) => shownUrl(url, format),
    }),
    format: t.expose('format', { type: WebhookFormatEnum, description: 'What it sends.' }),
    filter: t.field({
      type: 'JSONObject',
      description: 'Which events: `types`, `taskId`, `agentId` and `pipelineRunId`; all if empty.',
      resolve: ({ filter }) => toJsonObject(filter),
    }),
    document: t.exposeString('document', {
      nullable: true,
      description: 'The document that selects the body from each event; null for the plain event.',
    }),
    paused: t.boolean({
      description: 'Whether it delivers nothing.',
      resolve: ({ pausedAt }) => pausedAt !== null,
    }),
    pausedAt: t.expose('pausedAt', { type: 'DateTime', nullable: true, description: 'When it was paused.' }),
    pauseReason: t.exposeString('pauseReason', {
      nullable: true,
      description: 'Why the server paused it; null if a person did.',
    }),
    cursor: t.field({
      type: 'Cursor',
      description: 'Its place in the log: all matching events up to it are delivered.',
      resolve: ({ position }) => formatLogCursor(position),
    }),
    lagging: t.int({
      description: 'How many entries of the log it has not looked at.',
      resolve: (row, _args, { services }) => countLag(services, row),
    }),
    failures: t.exposeInt('failures', { description: 'Failed attempts in a row; 0 after a delivery.' }),
    failingSince: t.expose('failingSince', {
      type: 'DateTime',
      nullable: true,
      description: 'When the first of these failures was.',
    }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the next attempt is due after a failure.',
    }),
    lastStatus: t.exposeInt('lastStatus', { nullable: true, description: 'The status of the last answer.' }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'Why the last attempt failed; null if it succeeded.',
    }),
    lastDeliveredAt: t.expose('lastDeliveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When an event was last delivered.',
    }),
    createdBy: t.field({
      type: ActorInterface,
      description: 'The key that made it. It gets what this key may see, and stops when the key is revoked.',
      resolve: ({ keyId }, _args, context, info) => loadActor(context, info, keyId, null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    deliveries: t.field({
      type: DeliveryConnection,
      args: connectionArgs,
      description: 'The last attempts, newest first: about two hundred are kept.',
      resolve: (row, args, context) =>
        connectChildren(context, 'deliveries', row.id, args, openDeliveries(context.services)),
    }),
  }),
});

export const WebhookConnection = defineConnection<WebhookRow>('Webhook', WebhookType);

registerNode('whk', 'Webhook', (context, _info, id) =>
  hasRole(context.viewer, 'OPERATOR') ? findWebhookById(context.services, id) : Promise.resolve(null),
);
