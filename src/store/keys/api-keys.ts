import type { ApiKey } from '../../generated/prisma/client.js';
import { columns } from '../../postgres/sql-assignments.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';

export type ApiKeyRow = ApiKey;

/** SQL that decides whether a key can be used. PostgreSQL decides, so that no time has to be read for it. */
const IS_USABLE = 'revoked_at IS NULL AND coalesce(expires_at > now(), true)';

/** A key that can be used, with the time of the database clock at which that was read. */
export interface UsableApiKey extends ApiKeyRow {
  readonly readAt: Date;
}

const USABLE_KEY = 'SELECT *, clock_timestamp() AS read_at FROM api_keys';

/** The key whose secret has this SHA-256 hash; null if it is revoked, expired or missing. */
export async function findUsableApiKeyByHash(executor: Executor, hash: Buffer): Promise<UsableApiKey | null> {
  const [row] = await query<UsableApiKey>(executor, {
    name: 'find_usable_api_key_by_hash',
    text: `${USABLE_KEY} WHERE hash = $1 AND ${IS_USABLE}`,
    values: [hash],
  });
  return row ?? null;
}

/** As {@link findUsableApiKeyByHash} for several hashes at once, in any order and only those that were found. */
export async function listUsableApiKeysByHash(
  executor: Executor,
  hashes: readonly Buffer[],
): Promise<UsableApiKey[]> {
  return query<UsableApiKey>(executor, {
    name: 'list_usable_api_keys_by_hash',
    text: `${USABLE_KEY} WHERE hash = ANY($1::bytea[]) AND ${IS_USABLE}`,
    values: [hashes],
  });
}

/** The keys with these ids that are neither revoked nor expired, in any order. */
export async function listUsableApiKeys(executor: Executor, ids: readonly string[]): Promise<UsableApiKey[]> {
  return query<UsableApiKey>(executor, {
    name: 'list_usable_api_keys',
    text: `${USABLE_KEY} WHERE id = ANY($1) AND ${IS_USABLE}`,
    values: [ids],
  });
}

/** Whether a key has the secret with this SHA-256 hash, even if it is revoked or expired. */
export async function isApiKeyHashKnown(executor: Executor, hash: Buffer): Promise<boolean> {
  const rows = await query(executor, {
    name: 'is_api_key_hash_known',
    text: 'SELECT 1 FROM api_keys WHERE hash = $1',
    values: [hash],
  });
  return rows.length > 0;
}

/** The key with this id; null if it is revoked, expired or missing. */
export async function findUsableApiKey(executor: Executor, id: string): Promise<UsableApiKey | null> {
  const [row] = await query<UsableApiKey>(executor, {
    name: 'find_usable_api_key',
    text: `${USABLE_KEY} WHERE id = $1 AND ${IS_USABLE}`,
    values: [id],
  });
  return row ?? null;
}

/** Inserts a key; null if a key with the same secret exists. */
export async function insertApiKey(
  tx: Transaction,
  key: Pick<ApiKeyRow, 'id' | 'name' | 'prefix' | 'role' | 'agentId' | 'expiresAt'> & { hash: Buffer },
): Promise<ApiKeyRow | null> {
  const { names, places, values } = columns(key);
  return tx.one<ApiKeyRow>({
    name: 'insert_api_key',
    text: `INSERT INTO api_keys (${names.join(', ')}) VALUES (${places.join(', ')}) ON CONFLICT (hash) DO NOTHING RETURNING *`,
    values,
  });
}

/** Ensures that only one process at a time creates the admin key. The lock ends with the transaction. */
export async function lockAdminKey(tx: Transaction): Promise<void> {
  await tx.query({
    name: 'lock_admin_key',
    text: "SELECT pg_advisory_xact_lock(hashtext('mission_control.admin_key'))",
  });
}

/** Locks the key's row; null if there is none. */
export async function lockApiKey(tx: Transaction, id: string): Promise<ApiKeyRow | null> {
  return tx.one<ApiKeyRow>({
    name: 'lock_api_key',
    text: 'SELECT * FROM api_keys WHERE id = $1 FOR NO KEY UPDATE',
    values: [id],
  });
}

/** Revokes a key; null if it was already revoked. */
export async function revokeApiKeyRow(tx: Transaction, id: string): Promise<ApiKeyRow | null> {
  return tx.one<ApiKeyRow>({
    name: 'revoke_api_key',
    text: 'UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING *',
    values: [id],
  });
}

/** Sets `last_used_at` of these keys. The caller collects the ids, so this runs once per minute instead of per request. */
export async function markApiKeysUsed(executor: Executor, ids: readonly string[]): Promise<void> {
  await query(executor, {
    name: 'mark_api_keys_used',
    text: `UPDATE api_keys SET last_used_at = now() WHERE id IN (
      SELECT id FROM api_keys WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)`,
    values: [ids],
  });
}

/** The id of the ADMIN key that can be used for the longest time, and of several the oldest; null if there is none. */
export async function findLastingAdminKey(executor: Executor): Promise<string | null> {
  const [row] = await query<{ id: string }>(executor, {
    name: 'find_lasting_admin_key',
    text: `SELECT id FROM api_keys WHERE role = 'ADMIN' AND ${IS_USABLE} ORDER BY expires_at DESC NULLS FIRST, id LIMIT 1`,
  });
  return row?.id ?? null;
}

/** Whether an ADMIN key exists that is neither revoked nor expired. */
export async function hasUsableAdminKey(executor: Executor): Promise<boolean> {
  const [row] = await query<{ usable: boolean }>(executor, {
    text: `SELECT EXISTS (SELECT FROM api_keys WHERE role = 'ADMIN' AND ${IS_USABLE}) AS usable`,
  });
  return row?.usable ?? false;
}
