import { createBatchedLookUp } from '../../kernel/batched-look-up.js';
import type { Database } from '../../postgres/database.js';
import { listUsableApiKeys, listUsableApiKeysByHash, type UsableApiKey } from '../../store/keys/api-keys.js';

/** The most keys that one statement looks up. Each is one probe of an index. */
const BATCH = 256;

/** A caller that waits holds a connection of a client, so there are hardly ever as many. */
const MAX_WAITING = 10_000;

/**
 * Looks up secrets that this process has not seen lately, by their hashes. Anyone can send such secrets, so their look-ups
 * share one connection of the pool, and a flood of them takes none from the others.
 */
export function createUnknownSecrets({
  pool,
}: Pick<Database, 'pool'>): (hash: Buffer) => Promise<UsableApiKey | null> {
  return createBatchedLookUp({
    async load(hashes: readonly Buffer[]) {
      const keys = await listUsableApiKeysByHash(pool, hashes);
      const byHash = new Map(keys.map((key) => [toText(key.hash), key]));
      return hashes.map((hash) => byHash.get(toText(hash)) ?? null);
    },
    batch: BATCH,
    maxWaiting: MAX_WAITING,
  });
}

/** The same for the ids in tickets that may be forged. */
export function createClaimedKeys({
  pool,
}: Pick<Database, 'pool'>): (id: string) => Promise<UsableApiKey | null> {
  return createBatchedLookUp({
    async load(ids: readonly string[]) {
      const byId = new Map((await listUsableApiKeys(pool, ids)).map((key) => [key.id, key]));
      return ids.map((id) => byId.get(id) ?? null);
    },
    batch: BATCH,
    maxWaiting: MAX_WAITING,
  });
}

function toText(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64');
}
