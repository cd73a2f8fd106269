import {
  CreateApiKeyDocument,
  RegisterAgentDocument,
  RevokeApiKeyDocument,
} from '../src/generated/operations.js';
import type { Client } from './client.js';

/** An agent with its own key, which is valid only for the agent's work. */
export interface TeamMember {
  readonly name: string;
  readonly client: Client;
  readonly keyId: string;
}

/** The lifetime of a key, in case the program dies before it revokes it. */
const KEY_LIFE_MS = 60 * 60 * 1000;

/** Registers the agent, or finds an existing one, and creates a key for it. */
export async function addMember(admin: Client, name: string, role: string): Promise<TeamMember> {
  await admin.ask(RegisterAgentDocument, { input: { name, role } });
  const { createApiKey } = await admin.ask(CreateApiKeyDocument, {
    input: {
      name: `example ${name}`,
      role: 'AGENT',
      agent: { name },
      expiresAt: new Date(Date.now() + KEY_LIFE_MS).toISOString(),
    },
  });
  if (!createApiKey.secret || !createApiKey.apiKey) throw new Error(`No key was created for ${name}.`);
  return { name, client: admin.withKey(createApiKey.secret), keyId: createApiKey.apiKey.id };
}

/** Revokes the keys. The agents and their work remain. */
export async function revokeKeys(admin: Client, team: readonly TeamMember[]): Promise<void> {
  for (const { keyId } of team) await admin.ask(RevokeApiKeyDocument, { id: keyId });
}
