import { createAlarm } from '../kernel/wakeable-sleep.js';
import type { Database } from '../postgres/database.js';
import type { LogRow } from '../store/events/event-log.js';
import { listEndedKeys } from '../store/keys/list-ended-keys.js';

/** How often all watched keys are looked up, in one statement. */
const CHECK_MS = 500;

export interface KeyWatch {
  /** Calls `onEnd` once when the key is revoked or expires; returns the function that stops watching. */
  watch(keyId: string, onEnd: () => void): () => void;
  /** Ends at once what these entries of the log, all `key.revoked`, tell of. */
  notice(revoked: readonly LogRow[]): void;
  stop(): void;
}

/**
 * Knows which keys have streams open. The log tells of a revocation within milliseconds, unless an open transaction
 * holds the log back; expiry leaves no trace in the log at all. So the keys are looked up as well.
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
      // While the database is away nothing is delivered either, and the next look comes soon.
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
