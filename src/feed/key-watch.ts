import { createAlarm } from '../kernel/alarm.js';
import type { Database } from '../postgres/database.js';
import type { LogRow } from '../store/events/event-log.js';
import { listEndedKeys } from '../store/keys/list-ended-keys.js';

/** Milliseconds between two lookups of all watched keys, in one statement. */
const CHECK_MS = 500;

/** The keys of open streams. */
export interface KeyWatch {
  /** Calls `onEnd` once when the key is revoked or expires. Returns the function that stops watching. */
  watch(keyId: string, onEnd: () => void): () => void;
  /** Calls `onEnd` at once for the keys of these `key.revoked` entries. */
  notice(revoked: readonly LogRow[]): void;
  /** Ends the lookups. */
  stop(): void;
}

/**
 * Watches the keys of open streams. The log reports a revocation within milliseconds, unless its numbering is delayed. It does
 * not report an expiry at all. So the keys are also polled.
 */
export function createKeyWatch(database: Database): KeyWatch {
  const watched = new Map<string, Set<() => void>>();
  const alarm = createAlarm();
  let isChecking = false;
  let isStopping = false;

  async function keepChecking(): Promise<void> {
    isChecking = true;
    while (watched.size > 0 && !isStopping) {
      await alarm.sleep(CHECK_MS);
      if (isStopping) break;
      // During an outage no events are delivered either, and the next lookup follows soon.
      const ended = await listEndedKeys(database.pool, [...watched.keys()]).catch(() => []);
      ended.forEach(end);
    }
    isChecking = false;
  }

  function end(keyId: string): void {
    const listeners = watched.get(keyId) ?? [];
    watched.delete(keyId);
    for (const onEnd of listeners) onEnd();
  }

  return {
    watch(keyId, onEnd) {
      const listeners = watched.get(keyId) ?? new Set();
      watched.set(keyId, listeners.add(onEnd));
      if (!isChecking) void keepChecking();
      return () => {
        listeners.delete(onEnd);
        if (listeners.size === 0 && watched.get(keyId) === listeners) watched.delete(keyId);
      };
    },
    notice(revoked) {
      for (const { keyId } of revoked) if (keyId !== null) end(keyId);
    },
    stop() {
      isStopping = true;
      alarm.ring();
    },
  };
}
