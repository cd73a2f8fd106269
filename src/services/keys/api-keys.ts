import { createHash } from 'node:crypto';
import { type Actor, type ApiKeyRole, SYSTEM, toActor, type Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { toDate } from '../../kernel/clock.js';
import { newId, newSecret } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  type ApiKeyRow,
  hasUsableAdminKey,
  insertApiKey,
  isApiKeyHashKnown,
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

/** The hash by which a secret is stored and looked up. A secret has 256 random bits, so a slow hash would add nothing. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/**
 * Creates a key. Only the answer contains its secret.
 * @throws {Refusal} INVALID for an AGENT key without an agent, another key with one, or an expiry in the past;
 * UNKNOWN_AGENT.
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
  if (apiKey === null) throw new Error('a new random secret already exists');
  return { apiKey, secret };
}

/** Creates a key with which a program acts as the agent of its run. It expires even if it is not revoked. */
export async function createRunKey(
  { database }: Pick<ServiceContext, 'database'>,
  { runId, agentId, validMs }: { readonly runId: string; readonly agentId: string; readonly validMs: number },
): Promise<{ readonly id: string; readonly secret: string }> {
  const secret = newSecret();
  const apiKey = await inTransaction(database, async (tx) => {
    const expiresAt = toDate((await readNow(tx.executor)).getTime() + validMs);
    return insertKey(tx, SYSTEM, { name: runId, role: 'AGENT', agentId, expiresAt, secret });
  });
  if (apiKey === null) throw new Error('a fresh secret was stored already');
  return { id: apiKey.id, secret };
}

/** Revokes the key of a run that has ended. The event lets every process forget it. */
export async function revokeRunKey(
  { database }: Pick<ServiceContext, 'database'>,
  id: string,
): Promise<void> {
  await inTransaction(database, async (tx) => {
    if ((await lockApiKey(tx, id)) === null || (await revokeApiKeyRow(tx, id)) === null) return;
    tx.emit({ type: 'key.revoked', actor: SYSTEM, keyId: id });
  });
}

/** Revokes a key at once and ends its live subscriptions. Idempotent. @throws {Refusal} NOT_FOUND */
export async function revokeApiKey(context: ServiceContext, viewer: Viewer, id: string): Promise<ApiKeyRow> {
  const key = await inTransaction(context.database, async (tx) => {
    const locked = await lockApiKey(tx, toLookup(id));
    if (locked === null) throw new Refusal('NOT_FOUND', `There is no API key ${toShown(id)}.`, ['id']);
    const revoked = await revokeApiKeyRow(tx, id);
    if (revoked === null) return locked;
    tx.emit({ type: 'key.revoked', actor: toActor(viewer), keyId: id });
    return revoked;
  });
  // The event arrives after this answer, so this process must forget the key before it answers.
  context.forgetKey(id);
  return key;
}

/** Stores a generated admin secret, so that the next start finds it if this one dies half-way. */
export interface SecretKeeper {
  read(): Promise<string | null>;
  write(secret: string): Promise<void>;
}

/**
 * Ensures that a usable admin key exists: inserts the given secret as an admin key, or generates one if no usable admin
 * key exists. The lock admits one process at a time. A generated secret is written to the keeper before its key is
 * inserted: a process that dies between the two leaves a secret that the next start uses, never a key with an unknown
 * secret.
 * @returns the secret, if this call inserted a key for a generated one.
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

/** The kept secret, unless a key with it exists: a revoked key must stay revoked. */
async function takeKept(tx: Transaction, keeper: SecretKeeper): Promise<string | null> {
  const kept = await keeper.read();
  if (kept === null) return null;
  return (await isApiKeyHashKnown(tx.executor, hashSecret(kept))) ? null : kept;
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

/** The prefix that identifies a key in a list. A user-chosen secret may be short, so it reveals only two characters. */
function prefixOf(secret: string): string {
  return secret.slice(0, secret.startsWith('mc_') ? 7 : 2);
}

async function findBoundAgent(tx: Transaction, input: CreateApiKey): Promise<string | null> {
  if (input.role === 'AGENT') {
    if (!input.agent)
      throw new Refusal('INVALID', 'An AGENT key is bound to one agent: give agent.', ['agent']);
    return (await getAgentByRef(tx.executor, input.agent, ['agent'])).id;
  }
  if (input.agent)
    throw new Refusal('INVALID', 'Only an AGENT key is bound to an agent: leave agent out.', ['agent']);
  return null;
}

async function checkExpiry(tx: Transaction, expiresAt: Date | null | undefined): Promise<void> {
  if (!expiresAt) return;
  const now = await readNow(tx.executor);
  if (expiresAt <= now) throw new Refusal('INVALID', 'expiresAt must be in the future.', ['expiresAt']);
}
