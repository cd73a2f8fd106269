import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Instrument } from '../kernel/instrument.js';
import { isOutage } from './outage.js';

/** The channel of the bell. Its messages are empty: they say that the log has grown, never how. */
export const BELL_CHANNEL = 'mission_control';

/** NOTIFYs of one process are sent at least so far apart: under load one tells of many commits. */
const SPACING_MS = 10;

/**
 * NOTIFY gets its transaction an xid, and so a commit that would wait for the disk while others want to write there. Nobody
 * misses a ring that a crash of PostgreSQL has swallowed, for it ends every listener's connection as well.
 */
const RING = `SELECT set_config('synchronous_commit', 'off', true), pg_notify('${BELL_CHANNEL}', '')`;

/** Rung after commits that appended events; wakes listeners here at once and those of other processes by NOTIFY. */
export interface Bell {
  ring(): void;
  /** Called at every ring of this process; returns the function that removes the listener. */
  onRing(listener: () => void): () => void;
}

/**
 * NOTIFY inside a transaction takes a lock over the whole database until the commit is on disk, so it is sent after the
 * commit, on a connection of the pool, at most one at a time: rings while one is under way make one more together.
 * A lost ring costs a subscriber no event, only the time until the next poll.
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
        await pool.query({ name: 'ring_bell', text: RING });
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
