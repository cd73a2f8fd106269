import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import { findOutage, type Outage } from './outage.js';

/**
 * The outages in which PostgreSQL answers but refuses to work: its disk is full, it only accepts reads, or it is starting.
 * Reads may succeed all the while, so only the work that was refused tells. Lost connections are reported by the relay.
 */
export interface OutageReport {
  /** Whether the error means that the database is unavailable. Logs the first of each kind, with its remedy. */
  note(error: unknown): boolean;
  /** A transaction that wrote was committed, so PostgreSQL works. */
  noteCommit(): void;
  /** Why PostgreSQL refuses to work, for the operator; null if it works as far as this process knows. */
  reason(): string | null;
}

/**
 * How long a refusal counts for readiness, in milliseconds. A server that gets no requests because it is not ready would
 * otherwise not find out that PostgreSQL works again.
 */
const GOOD_FOR_MS = 10_000;

export function createOutageReport(instrument: Instrument, clock: Clock): OutageReport {
  let current: { readonly outage: Outage; readonly atMs: number } | null = null;
  return {
    note(error) {
      const outage = findOutage(error);
      if (outage === null) return false;
      // A single statement that took too long says nothing about the next one, but it is worth a line.
      if (outage.kind === 'lost') return true;
      if (current?.outage.kind !== outage.kind) {
        const message = `Requests are refused, because ${outage.reason}: ${outage.remedy}`;
        instrument.emit('warn', 'database.refuses', message, { error });
      }
      current = { outage, atMs: clock.now() };
      return true;
    },
    noteCommit() {
      if (current === null) return;
      current = null;
      instrument.emit('info', 'database.works', 'PostgreSQL accepts work again');
    },
    reason() {
      if (current === null || clock.now() - current.atMs > GOOD_FOR_MS) return null;
      return current.outage.kind === 'timeout' ? null : current.outage.reason;
    },
  };
}
