import {
  CreateApiKeyDocument,
  RegisterAgentDocument,
  RevokeApiKeyDocument,
} from '../src/generated/operations.js';
import type { Client } from './client.js';

/** An agent and the key that is its own: good for its work and nothing else. */
export interface Colleague {
  readonly name: string;
  readonly client: Client;
  readonly keyId: string;
}

/** How long a key lives if the program dies before it can revoke it. */
const KEY_LIFE_MS = 60 * 60 * 1000;

/** Registers the agent, or finds it again, and makes a key for it. */
export async function hire(admin: Client, name: string, role: string): Promise<Colleague> {
  await admin.ask(RegisterAgentDocument, { input: { name, role } });
  const { createApiKey } = await admin.ask(CreateApiKeyDocument, {
    input: {
      name: `example ${name}`,
      role: 'AGENT',
      agent: { name },
      expiresAt: new Date(Date.now() + KEY_LIFE_MS).toISOString(),
    },
  });
  if (!createApiKey.secret || !createApiKey.apiKey) throw new Error(`No key was made for ${name}.`);
  return { name, client: admin.withKey(createApiKey.secret), keyId: createApiKey.apiKey.id };
}

/** Revokes the keys; agents and what they did stay. */
export async function dismiss(admin: Client, team: readonly Colleague[]): Promise<void> {
  for (const { keyId } of team) await admin.ask(RevokeApiKeyDocument, { id: keyId });
}
