import type { Config } from './config/config.js';
import type { Feed } from './feed/hub.js';
import { createWebhookBodies, type WebhookBodyParts } from './graphql/webhooks/webhook-bodies.js';
import { newId } from './kernel/ids.js';
import type { Server } from './server/server.js';
import type { ServiceContext } from './services/service-context.js';
import { renewStoredSecrets } from './services/webhooks/edit-webhooks.js';
import { createWebhookDispatcher } from './services/webhooks/webhook-dispatcher.js';
import type { Part } from './startup.js';

/** What the deliveries to webhooks need from the other parts of the application. */
export interface WebhookParts extends Pick<WebhookBodyParts, 'names'> {
  readonly config: Pick<Config, 'publicUrl'>;
  readonly services: ServiceContext;
  readonly feed: Pick<Feed, 'onEntries'>;
  readonly server: Pick<Server, 'address' | 'openSelection'>;
}

/** Starts to deliver the log to the webhooks. */
export async function startWebhooks({ config, services, feed, names, server }: WebhookParts): Promise<Part> {
  const publicUrl = () => (config.publicUrl ?? server.address().url).replace(/\/+$/, '');
  const dispatcher = createWebhookDispatcher({
    context: services,
    processName: newId('srv'),
    onEntries: feed.onEntries,
    openBodies: createWebhookBodies({ services, names, openSelection: server.openSelection, publicUrl }),
  });
  await renewStoredSecrets(services);
  await dispatcher.start();
  return { name: 'deliveries to webhooks', stop: () => dispatcher.stop() };
}
