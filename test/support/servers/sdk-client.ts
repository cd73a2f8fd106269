import { type Client, type ClientOptions, createClient } from '../../../src/sdk/index.js';
import type { ServerProcess } from './server-process.js';

/** A client of the SDK with the key of the admin, unless the options say otherwise. */
export function sdkClient(
  server: Pick<ServerProcess, 'url' | 'adminKey'>,
  options: Partial<ClientOptions> = {},
): Client {
  return createClient({ url: server.url, apiKey: server.adminKey, ...options });
}

/** Registers an agent, which gets no tasks of the inbox unless the options say so, and answers with a client of its key. */
export async function sdkAgent(
  server: Pick<ServerProcess, 'url' | 'adminKey'>,
  name: string,
  options: Partial<ClientOptions> & {
    readonly capacity?: number;
    readonly role?: string;
    readonly acceptsInbox?: boolean;
  } = {},
): Promise<Client> {
  const { capacity = 1, role, acceptsInbox = false, ...rest } = options;
  const admin = sdkClient(server);
  await admin.registerAgent({ name, maxCapacity: capacity, role, acceptsInbox });
  const { secret } = await admin.createApiKey({ name: `key of ${name}`, role: 'AGENT', agent: { name } });
  return sdkClient(server, { ...rest, apiKey: secret });
}
