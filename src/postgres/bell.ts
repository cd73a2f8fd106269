import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Instrument } from '../kernel/instrument.js';
import { isOutage } from './outage.js';
import { query } from './statement.js';

/** The NOTIFY channel of the bell. Its messages are empty: they say that the log has grown, never by which events. */
export const BELL_CHANNEL = 'mission_control';

/** Shortest time between two NOTIFYs of one process, in milliseconds. Under load one NOTIFY announces many commits. */
const SPACING_MS = 10;

/**
 * NOTIFY assigns the transaction an xid, so its COMMIT would wait for an fsync. synchronous_commit = off avoids that wait.
 * A NOTIFY that is lost in a crash is harmless: the crash also breaks every listener's connection, and a listener that
 * reconnects reads the log.
 */
const RING = `SELECT set_config('synchronous_commit', 'off', true), pg_notify('${BELL_CHANNEL}', '')`;

/** Announces that the log has grown: to listeners in this process at once, to other processes by NOTIFY. */
export interface Bell {
  /** Called after a commit that appended events. */
  ring(): void;
  /** Called at every ring of this process; returns the function that removes the listener. */
  onRing(listener: () => void): () => void;
}

/**
 * Creates the bell of this process. NOTIFY inside a transaction locks the whole database until the commit is on disk, so
 * the bell sends it after the commit, on a connection of the pool. One NOTIFY is under way at a time; rings during it are
 * combined into one more. A lost NOTIFY loses no event: it delays subscribers until the next poll.
 */
export function createBell(pool: Pool, instrument: Instrument): Bell {
  const listeners = new Set<() => void>();
  let sending = false;
  let again = false;

  async function send(): Promise<void> {
    sending = true;
    do {
      again = false;
      try {
        await query(pool, { name: 'ring_bell', text: RING });
      } catch (error) {
        instrument.emit(
          isOutage(error) ? 'debug' : 'warn',
          'bell.failed',
          'NOTIFY failed; other processes see the events at their next poll',
          {
            error,
          },
        );
      }
      if (again) await pause(SPACING_MS);
    } while (again);
    sending = false;
  }

  return {
    ring() {
      for (const listener of listeners) listener();
      if (sending) again = true;
      else void send();
    },
    onRing(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
