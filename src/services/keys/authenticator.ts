import type { Viewer } from '../../domain/actor.js';
import type { Clock } from '../../kernel/clock.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { Database } from '../../postgres/database.js';
import { isOutage } from '../../postgres/outage.js';
import { type ApiKeyRow, findApiKeyByHash, markApiKeysUsed } from '../../store/keys/api-keys.js';
import { hashSecret } from './api-keys.js';

/** Turns bearer secrets into viewers, and remembers them for a moment. */
export interface Authenticator {
  /** The viewer behind a secret; null if it is unknown, revoked or expired. */
  authenticate(secret: string): Promise<Viewer | null>;
  /** Forgets a key at once: it was revoked, by this process or another. */
  forget(keyId: string): void;
  /** Forgets the keys that these entries of the log, all `key.revoked`, tell of. */
  notice(revoked: readonly { readonly keyId: string | null }[]): void;
  /** Writes what is still to be written. */
  close(): Promise<void>;
}

/** How long an answer is used without asking the database, in milliseconds; revocations arrive much sooner by event. */
const REMEMBER_MS = 2_000;
const REMEMBERED_AT_MOST = 10_000;
/** How often uses of keys are written down, in milliseconds. */
const WRITE_USES_MS = 60_000;

interface Remembered {
  readonly viewer: Viewer;
  readonly until: number;
}

/** @param clock only decides how long an answer is remembered; expiry goes by the database's clock. */
export function createAuthenticator(database: Database, clock: Clock, instrument: Instrument): Authenticator {
  const remembered = new Map<string, Remembered>();
  const used = new Set<string>();
  /** Rises with each key that is forgotten: an answer that was asked for before is used once and not remembered. */
  let forgotten = 0;
  let nextWrite = clock.now() + WRITE_USES_MS;

  async function lookUp(secret: string, now: number): Promise<Viewer | null> {
    const before = forgotten;
    const key = await findApiKeyByHash(database.pool, hashSecret(secret));
    if (key === null || key.revokedAt !== null || key.expired) return null;
    const viewer = toViewer(key);
    if (forgotten !== before) return viewer;
    if (remembered.size >= REMEMBERED_AT_MOST) remembered.clear();
    const expiry = key.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    remembered.set(secret, { viewer, until: Math.min(now + REMEMBER_MS, expiry) });
    return viewer;
  }

  function forget(keyId: string): void {
    forgotten += 1;
    for (const [secret, { viewer }] of remembered) if (viewer.keyId === keyId) remembered.delete(secret);
  }

  async function writeUses(): Promise<void> {
    const ids = [...used];
    used.clear();
    if (ids.length === 0) return;
    try {
      await markApiKeysUsed(database.pool, ids);
    } catch (error) {
      const level = isOutage(error) ? 'debug' : 'warn';
      instrument.emit(level, 'key.use_not_written', 'Could not write when keys were last used', { error });
    }
  }

  return {
    async authenticate(secret) {
      const now = clock.now();
      const known = remembered.get(secret);
      const viewer = known !== undefined && known.until > now ? known.viewer : await lookUp(secret, now);
      if (viewer === null) {
        remembered.delete(secret);
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

function toViewer(key: ApiKeyRow): Viewer {
  return { keyId: key.id, role: key.role, agentId: key.agentId };
}
