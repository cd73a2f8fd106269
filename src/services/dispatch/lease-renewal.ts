import type { Clock } from '../../kernel/clock.js';
import type { Instrument } from '../../kernel/instrument.js';
import { isOutage } from '../../postgres/outage.js';
import { createLeaseWatchdog } from './lease-watchdog.js';

export interface LeaseRenewalOptions {
  /** The length of a lease, in milliseconds. */
  readonly leaseMs: number;
  readonly instrument: Instrument;
  readonly clock: Clock;
  /** Renews the leases and returns the runs that this process still holds. */
  renew(runIds: readonly string[]): Promise<ReadonlySet<string>>;
  onLost(runId: string): void;
  /** The lease of the run could not be renewed in time. */
  onOverdue(runId: string): void;
}

/** Renews all leases of this process periodically, with one statement, while there are any. */
export interface LeaseRenewal {
  /** Renews the lease of a run from now on. It was given by a statement that was sent at `sentAtMs`. */
  add(runId: string, sentAtMs: number): void;
  remove(runId: string): void;
  /** Whether the lease certainly lasts, by the clock of this process. */
  hasLease(runId: string): boolean;
  /** Stops the timer and waits for a running renewal. Idempotent. */
  stop(): Promise<void>;
}

/** The wait before a failed renewal is retried, in milliseconds. */
const RETRY_MS = 1_000;

/** Leases are renewed at a third of their length, so they survive one failed and one late renewal. */
export function createLeaseRenewal(options: LeaseRenewalOptions): LeaseRenewal {
  const { leaseMs, instrument, clock, renew, onLost } = options;
  const watchdog = createLeaseWatchdog(options);
  let timer: NodeJS.Timeout | undefined;
  let isOn = false;
  let renewing: Promise<void> = Promise.resolve();

  function schedule(ms: number): void {
    timer = setTimeout(() => {
      renewing = renewRepeatedly();
    }, ms);
  }

  async function renewRepeatedly(): Promise<void> {
    const restMs = await renewHeld();
    if (restMs === null) isOn = false;
    else if (isOn) schedule(restMs);
  }

  /** Returns the milliseconds until the next renewal; null if there is nothing to renew. */
  async function renewHeld(): Promise<number | null> {
    const runIds = watchdog.watched();
    if (runIds.length === 0) return null;
    const sentAtMs = clock.now();
    try {
      const ours = await renew(runIds);
      // A call that has ended meanwhile is no longer watched.
      const held = new Set(watchdog.watched());
      watchdog.note(
        [...ours].filter((runId) => held.has(runId)),
        sentAtMs,
      );
      for (const runId of runIds) if (!ours.has(runId)) onLost(runId);
      return leaseMs / 3;
    } catch (error) {
      const facts = { runs: runIds.length, error };
      instrument.emit(
        isOutage(error) ? 'debug' : 'warn',
        'lease.renewal_failed',
        'Leases could not be renewed; retrying',
        facts,
      );
      return Math.min(RETRY_MS, leaseMs / 10);
    }
  }

  return {
    add(runId, sentAtMs) {
      watchdog.note([runId], sentAtMs);
      if (isOn) return;
      isOn = true;
      schedule(leaseMs / 3);
    },
    remove: watchdog.forget,
    hasLease: watchdog.hasLease,
    async stop() {
      isOn = false;
      clearTimeout(timer);
      await renewing;
    },
  };
}
