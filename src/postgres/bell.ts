import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Instrument } from '../kernel/instrument.js';
import { NUMBERING_BATCH, numberEvents, VACUUM_AFTER, vacuumOutbox } from './number-events.js';
import { isOutage } from './outage.js';

/** The NOTIFY channel of the bell. Its messages are empty: they say that the log has grown, never by which events. */
export const BELL_CHANNEL = 'mission_control';

/** Shortest time between two numberings of one process, in milliseconds. Under load one numbering serves many commits. */
const SPACING_MS = 8;

/** Numbers the events of this process's commits, which makes them readable, and announces that the log has grown. */
export interface Bell {
  /** Called after a commit that wrote events, and in case other processes left events without a position. */
  ring(): void;
  /** Called when this process has numbered events; returns the function that removes the listener. */
  onRing(listener: () => void): () => void;
}

/**
 * Creates the bell of this process. Each process numbers after its own commits, so there is no leader, and the events that a
 * process leaves when it dies are numbered by the next one that rings. One numbering is under way at a time; rings during it
 * are combined into one more. The numbering sends the NOTIFY for other processes. A failed numbering loses no event: it
 * delays subscribers until the next ring or poll.
 */
export function createBell(pool: Pool, instrument: Instrument): Bell {
  const listeners = new Set<() => void>();
  let isNumbering = false;
  let again = false;
  let sinceVacuum = 0;
  let isFailing = false;

  async function keepNumbering(): Promise<void> {
    isNumbering = true;
    do {
      again = false;
      const numbered = await numberEvents(pool).then(noteSuccess, noteFailure);
      if (numbered > 0) for (const listener of listeners) listener();
      vacuumAfter(numbered);
      if (numbered === NUMBERING_BATCH) again = true;
      else if (again) await pause(SPACING_MS);
    } while (again);
    isNumbering = false;
  }

  function vacuumAfter(numbered: number): void {
    sinceVacuum += numbered;
    if (sinceVacuum < VACUUM_AFTER) return;
    sinceVacuum = 0;
    // If it fails, autovacuum does it later.
    vacuumOutbox(pool).catch(() => undefined);
  }

  function noteSuccess(numbered: number): number {
    isFailing = false;
    return numbered;
  }

  function noteFailure(error: unknown): number {
    const level = isOutage(error) ? 'debug' : 'warn';
    const message = 'Events got no position yet; the next ring or poll of any process numbers them';
    // Only the first failure in a row is logged, because each poll would log the same.
    if (!isFailing) instrument.emit(level, 'bell.failed', message, { error });
    isFailing = true;
    return 0;
  }

  return {
    ring() {
      if (isNumbering) again = true;
      else void keepNumbering();
    },
    onRing(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
