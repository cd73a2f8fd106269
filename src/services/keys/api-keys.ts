import { createHash } from 'node:crypto';
import { type Actor, type ApiKeyRole, SYSTEM, toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { newId, newSecret } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  type ApiKeyRow,
  findApiKeyByHash,
  hasUsableAdminKey,
  insertApiKey,
  lockAdminKey,
  lockApiKey,
  revokeApiKeyRow,
} from '../../store/keys/api-keys.js';
import { readNow } from '../../store/ops/database-clock.js';
import { type AgentRef, getAgentByRef, toLookup, toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export interface CreateApiKey {
  readonly name: string;
  readonly role: ApiKeyRole;
  readonly agent?: AgentRef | null | undefined;
  readonly expiresAt?: Date | null | undefined;
}

/** How a secret is stored and looked up. It is 256 random bits, so a slow hash would protect nothing more. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/**
 * Creates a key. Its secret is in the answer and nowhere else.
 * @throws {Refusal} INVALID unless an AGENT key names its agent and every other key none, or if it would expire in the past.
 */
export async function createApiKey(
  context: ServiceContext,
  viewer: Viewer,
  input: CreateApiKey,
): Promise<{ readonly apiKey: ApiKeyRow; readonly secret: string }> {
  checkFields(input, [['name', 'keyName'], 'expiresAt']);
  const secret = newSecret();
  const apiKey = await inTransaction(context.database, async (tx) => {
    const agentId = await findBoundAgent(tx, input);
    await checkExpiry(tx, input.expiresAt);
    return insertKey(tx, toActor(viewer), { ...input, agentId, secret });
  });
  if (apiKey === null) throw new Error('a fresh secret was stored already');
  return { apiKey, secret };
}

/** Revokes a key at once, live subscriptions included. Revoking twice changes nothing. @throws {Refusal} NOT_FOUND */
export async function revokeApiKey(context: ServiceContext, viewer: Viewer, id: string): Promise<ApiKeyRow> {
  const key = await inTransaction(context.database, async (tx) => {
    const locked = await lockApiKey(tx, toLookup(id));
    if (locked === null) throw new Refusal('NOT_FOUND', `There is no API key ${toShown(id)}.`, ['id']);
    const revoked = await revokeApiKeyRow(tx, id);
    if (revoked === null) return locked;
    tx.emit({ type: 'key.revoked', actor: toActor(viewer), keyId: id });
    return revoked;
  });
  // The event comes later than this answer: after it the key opens nothing here any more.
  context.forgetKey(id);
  return key;
}

/** Where a generated admin secret is kept, so that a start that died half-way finds it again. */
export interface SecretKeeper {
  read(): Promise<string | null>;
  write(secret: string): Promise<void>;
}

/**
 * Makes sure that somebody can administer the server: stores the given secret as an admin key, or, if there is no usable
 * admin key, a new one. The lock lets one process do this at a time. A new secret is kept before its key is stored: dying
 * between the two leaves a secret that the next start uses, and never a key whose secret nobody knows.
 * @returns the secret, if this call has made a key of a generated one.
 */
export async function ensureAdminKey(
  context: Pick<ServiceContext, 'database'>,
  given: string | null,
  keeper: SecretKeeper,
): Promise<string | null> {
  return inTransaction(context.database, async (tx) => {
    await lockAdminKey(tx);
    if (given !== null) {
      await insertKey(tx, SYSTEM, { name: 'admin', role: 'ADMIN', agentId: null, secret: given });
      return null;
    }
    if (await hasUsableAdminKey(tx.executor)) return null;
    const secret = (await takeKept(tx, keeper)) ?? newSecret();
    await keeper.write(secret);
    await insertKey(tx, SYSTEM, { name: 'admin', role: 'ADMIN', agentId: null, secret });
    return secret;
  });
}

/** A kept secret that no key was ever made of; one whose key was revoked stays revoked. */
async function takeKept(tx: Transaction, keeper: SecretKeeper): Promise<string | null> {
  const kept = await keeper.read();
  if (kept === null) return null;
  return (await findApiKeyByHash(tx.executor, hashSecret(kept))) === null ? kept : null;
}

async function insertKey(
  tx: Transaction,
  actor: Actor,
  key: Omit<CreateApiKey, 'agent'> & { readonly agentId: string | null; readonly secret: string },
): Promise<ApiKeyRow | null> {
  const apiKey = await insertApiKey(tx, {
    id: newId('key'),
    name: key.name,
    prefix: prefixOf(key.secret),
    hash: hashSecret(key.secret),
    role: key.role,
    agentId: key.agentId,
    expiresAt: key.expiresAt ?? null,
  });
  if (apiKey !== null) tx.emit({ type: 'key.created', actor, keyId: apiKey.id });
  return apiKey;
}

/** Enough to recognise a key in a list. Of a secret of somebody's own, which may be short, as little as can be. */
function prefixOf(secret: string): string {
  return secret.slice(0, secret.startsWith('mc_') ? 7 : 2);
}

async function findBoundAgent(tx: Transaction, input: CreateApiKey): Promise<string | null> {
  if (input.role === 'AGENT') {
    if (!input.agent) throw new Refusal('INVALID', 'An AGENT key is bound to one agent: name it.', ['agent']);
    return (await getAgentByRef(tx.executor, input.agent, ['agent'])).id;
  }
  if (input.agent)
    throw new Refusal('INVALID', 'Only an AGENT key is bound to an agent: leave agent out.', ['agent']);
  return null;
}

async function checkExpiry(tx: Transaction, expiresAt: Date | null | undefined): Promise<void> {
  if (!expiresAt) return;
  const now = await readNow(tx.executor);
  if (expiresAt <= now) throw new Refusal('INVALID', 'expiresAt must lie in the future.', ['expiresAt']);
}
