import { hasRole } from '../../domain/actor.js';
import type { LogEntry } from '../../feed/hub.js';
import { findWebhookById } from '../../services/webhooks/read-webhooks.js';
import { builder } from '../builder.js';
import { eventInterfaces, payloadOf } from '../events/event.js';
import { WebhookType } from './webhook.js';

builder.objectRef<LogEntry>('WebhookEvent').implement({
  description:
    'A webhook was created, edited, paused, resumed, replayed or removed, or its deliveries fail or work again. Not seen by keys of agents.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    webhookId: t.id({
      nullable: true,
      description: 'The id of the webhook.',
      resolve: (event) => payloadOf(event).webhookId ?? null,
    }),
    webhook: t.field({
      type: WebhookType,
      nullable: true,
      description: 'The current webhook. Null if it was removed, and for keys below OPERATOR.',
      resolve: (event, _args, { services, viewer }) => {
        const { webhookId } = payloadOf(event);
        return webhookId === undefined || !hasRole(viewer, 'OPERATOR')
          ? null
          : findWebhookById(services, webhookId);
      },
    }),
    reason: t.string({
      nullable: true,
      description: 'Why the server paused it, or why its deliveries fail.',
      resolve: (event) => payloadOf(event).reason ?? null,
    }),
    changedFields: t.stringList({
      description: 'The fields that changed, for webhook.updated; otherwise empty.',
      resolve: (event) => [...(payloadOf(event).changedFields ?? [])],
    }),
  }),
});
