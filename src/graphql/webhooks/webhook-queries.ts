import { findWebhookById, openWebhooks } from '../../services/webhooks/read-webhooks.js';
import { connect, connectionArgs } from '../base/connection.js';
import { builder } from '../builder.js';
import { WebhookConnection, WebhookType } from './webhook.js';

builder.queryFields((t) => ({
  webhooks: t.field({
    type: WebhookConnection,
    authScopes: { operator: true },
    description: 'The webhooks, oldest first. For operators.',
    args: connectionArgs,
    resolve: (_root, args, { services }) => connect(args, openWebhooks(services)),
  }),
  webhook: t.field({
    type: WebhookType,
    nullable: true,
    authScopes: { operator: true },
    description: 'A webhook by its id; null if there is none. For operators.',
    args: { id: t.arg.id({ required: true, description: 'The id: whk_…' }) },
    resolve: (_root, { id }, { services }) => findWebhookById(services, id),
  }),
}));
