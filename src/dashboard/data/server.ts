import { signal } from '@preact/signals';
import type { Client, ServerQuery } from '../../sdk/index.js';

/** What the server says about itself; null until it has answered. */
export const serverFacts = signal<ServerQuery['server'] | null>(null);

/** Asks once in a session. */
export async function readServerFacts(client: Client): Promise<void> {
  serverFacts.value = await client.server().catch(() => null);
}
