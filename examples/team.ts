import { type Client, createClient } from '../src/sdk/index.js';

/** An agent with its own key, which is valid only for the agent's work. */
export interface TeamMember {
  readonly name: string;
  readonly client: Client;
  readonly keyId: string;
}

/** The lifetime of a key, in case the program dies before it revokes it. */
const KEY_LIFE_MS = 60 * 60 * 1000;

/** Registers the agent, or finds an existing one, and creates a key for it. */
export async function addMember(admin: Client, url: string, name: string, role: string): Promise<TeamMember> {
  await admin.registerAgent({ name, role });
  const { secret, apiKey } = await admin.createApiKey({
    name: `example ${name}`,
    role: 'AGENT',
    agent: { name },
    expiresAt: new Date(Date.now() + KEY_LIFE_MS).toISOString(),
  });
  return { name, client: createClient({ url, apiKey: secret }), keyId: apiKey.id };
}

/** Revokes the keys. The agents and their work remain. */
export async function revokeKeys(admin: Client, team: readonly TeamMember[]): Promise<void> {
  for (const { keyId } of team) await admin.revokeApiKey({ id: keyId });
}
