import { createWebhook } from '../../src/services/webhooks/edit-webhooks.js';
import type { World } from './world.js';

/** Creates a webhook whose receiver answers a ping with 401. */
export async function createWebhookId({
  graph: { services },
  server,
}: World): Promise<{ readonly id: string }> {
  const given = { url: `${server.url}/graphql`, filter: {}, position: null };
  const { webhook } = await createWebhook(services, services.admin, given);
  return { id: webhook.id };
}
