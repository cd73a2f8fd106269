import type { Viewer } from '../../domain/actor.js';
import type { Clock } from '../../kernel/clock.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { Database } from '../../postgres/database.js';
import { isOutage } from '../../postgres/outage.js';
import { findUsableApiKeyByHash, markApiKeysUsed, type UsableApiKey } from '../../store/keys/api-keys.js';
import { hashSecret } from './api-keys.js';
import { createBrowserSessions, isBrowserSession } from './browser-sessions.js';
import { createUnknownSecrets } from './unknown-secrets.js';
import { toViewer } from './viewer-of-key.js';

/** Resolves bearer secrets and the sessions of browsers to viewers, with a short-lived cache. */
export interface Authenticator {
  /** The viewer of a secret; null if the secret is unknown, revoked or expired. */
  authenticate(secret: string): Promise<Viewer | null>;
  /** Removes a revoked key from the cache. */
  forget(keyId: string): void;
  /** Removes the keys of these `key.revoked` log entries from the cache. */
  notice(revoked: readonly { readonly keyId: string | null }[]): void;
  /** Writes the pending `lastUsedAt` times. */
  close(): Promise<void>;
}

/** How long a cached viewer is used without a query, in milliseconds. Revocations arrive much earlier, by event. */
const CACHE_MS = 2_000;
const CACHE_LIMIT = 10_000;
/** How often `lastUsedAt` of used keys is written, in milliseconds. */
const WRITE_USES_MS = 60_000;

interface CachedViewer {
  readonly viewer: Viewer;
  readonly until: number;
}

/** @param clock times only the cache; the database clock decides whether a key has expired. */
export function createAuthenticator(database: Database, clock: Clock, instrument: Instrument): Authenticator {
  const cached = new Map<string, CachedViewer>();
  const used = new Set<string>();
  const findUnknown = createUnknownSecrets(database);
  const sessions = createBrowserSessions(database);
  /** Increases with each forgotten key. A lookup that began before the increase may be stale, so it is not cached. */
  let forgotten = 0;
  let nextWrite = clock.now() + WRITE_USES_MS;

  async function lookUp(secret: string, now: number): Promise<Viewer | null> {
    const before = forgotten;
    const key = await findKey(secret);
    if (key === null) return null;
    const viewer = toViewer(key);
    if (forgotten !== before) return viewer;
    if (cached.size >= CACHE_LIMIT) cached.clear();
    cached.set(secret, { viewer, until: now + Math.min(CACHE_MS, lifeMsOf(key)) });
    return viewer;
  }

  async function findKey(secret: string): Promise<UsableApiKey | null> {
    if (isBrowserSession(secret)) return sessions.find(secret);
    const hash = hashSecret(secret);
    // A flood of unknown secrets does not delay a key that was used here before.
    return cached.has(secret) ? findUsableApiKeyByHash(database.pool, hash) : findUnknown(hash);
  }

  function forget(keyId: string): void {
    forgotten += 1;
    for (const [secret, { viewer }] of cached) if (viewer.keyId === keyId) cached.delete(secret);
  }

  async function writeUses(): Promise<void> {
    const ids = [...used];
    used.clear();
    if (ids.length === 0) return;
    try {
      await markApiKeysUsed(database.pool, ids);
    } catch (error) {
      const level = isOutage(error) ? 'debug' : 'warn';
      instrument.emit(level, 'key.use_not_written', 'Could not write when API keys were last used', {
        error,
      });
    }
  }

  return {
    async authenticate(secret) {
      const now = clock.now();
      const known = cached.get(secret);
      const viewer = known !== undefined && known.until > now ? known.viewer : await lookUp(secret, now);
      if (viewer === null) {
        cached.delete(secret);
        return null;
      }
      used.add(viewer.keyId);
      if (now >= nextWrite) {
        nextWrite = now + WRITE_USES_MS;
        void writeUses();
      }
      return viewer;
    },
    forget,
    notice(revoked) {
      for (const { keyId } of revoked) if (keyId !== null) forget(keyId);
    },
    close: writeUses,
  };
}

/** How long the key can be used after it was read, by the database's clock. */
function lifeMsOf({ expiresAt, readAt }: UsableApiKey): number {
  return expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt.getTime() - readAt.getTime();
}
