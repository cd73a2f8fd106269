import type { Instrument } from '../../kernel/instrument.js';
import { isOutage } from '../../postgres/outage.js';

export interface LeaseRenewalOptions {
  /** The length of a lease, in milliseconds. */
  readonly leaseMs: number;
  readonly instrument: Instrument;
  /** The runs whose leases are to be renewed now. */
  held(): readonly string[];
  /** Renews them and says which of them are still ours. */
  renew(runIds: readonly string[]): Promise<ReadonlySet<string>>;
  onLost(runId: string): void;
}

/** Renews leases on a timer, all of a process by one statement, as long as there are any. */
export interface LeaseRenewal {
  /** Starts the timer if it is not on. */
  keepRenewing(): void;
  /** Stops it, after the renewal that is under way. May be called twice. */
  stop(): Promise<void>;
}

/** Before this a renewal that failed is not repeated, in milliseconds. */
const RETRY_MS = 1_000;

/** Renewed at a third of its length, a lease outlives one renewal that fails and one that comes late. */
export function createLeaseRenewal(options: LeaseRenewalOptions): LeaseRenewal {
  const { leaseMs, instrument, held, renew, onLost } = options;
  let timer: NodeJS.Timeout | undefined;
  let isOn = false;
  let renewing: Promise<void> = Promise.resolve();

  function schedule(ms: number): void {
    timer = setTimeout(() => {
      renewing = turn();
    }, ms);
  }

  async function turn(): Promise<void> {
    const restMs = await renewHeld();
    if (restMs === null) isOn = false;
    else if (isOn) schedule(restMs);
  }

  /** How long until the next renewal; null if there is nothing to renew. */
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
        'Leases could not be renewed; it is tried again',
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
