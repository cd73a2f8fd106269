import type { Instrument } from '../../kernel/instrument.js';
import { isOutage } from '../../postgres/outage.js';

export interface LeaseRenewalOptions {
  /** The length of a lease, in milliseconds. */
  readonly leaseMs: number;
  readonly instrument: Instrument;
  /** The ids of the runs whose leases must be renewed now. */
  held(): readonly string[];
  /** Renews the leases and returns the runs that this process still holds. */
  renew(runIds: readonly string[]): Promise<ReadonlySet<string>>;
  onLost(runId: string): void;
}

/** Renews all leases of this process periodically, with one statement, while there are any. */
export interface LeaseRenewal {
  /** Starts the timer if it is not running. */
  keepRenewing(): void;
  /** Stops the timer and waits for a running renewal. Idempotent. */
  stop(): Promise<void>;
}

/** The wait before a failed renewal is retried, in milliseconds. */
const RETRY_MS = 1_000;

/** Leases are renewed at a third of their length, so they survive one failed and one late renewal. */
export function createLeaseRenewal(options: LeaseRenewalOptions): LeaseRenewal {
  const { leaseMs, instrument, held, renew, onLost } = options;
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
    const runIds = held();
    if (runIds.length === 0) return null;
    try {
      const ours = await renew(runIds);
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
      return Math.min(RETRY_MS, leaseMs / 3);
    }
  }

  return {
    keepRenewing() {
      if (isOn) return;
      isOn = true;
      schedule(leaseMs / 3);
    },
    async stop() {
      isOn = false;
      clearTimeout(timer);
      await renewing;
    },
  };
}
