import type { Clock } from '../../kernel/clock.js';

export interface LeaseWatchdogOptions {
  /** The length of a lease, in milliseconds. */
  readonly leaseMs: number;
  readonly clock: Clock;
  /** Called once for each run whose lease may end soon. */
  onOverdue(runId: string): void;
}

/**
 * Ends the calls of a process that is cut off from the database: after the lease another process may make them again. A lease
 * counts from the moment when the statement that gave it was sent, which is before PostgreSQL's own count begins.
 */
export interface LeaseWatchdog {
  /** Notes that the leases were given or renewed by a statement that was sent at this time. */
  note(runIds: readonly string[], sentAtMs: number): void;
  hasLease(runId: string): boolean;
  /** The runs that are watched. */
  watched(): readonly string[];
  forget(runId: string): void;
}

/** A program may take three seconds to end after SIGTERM. The rest is for the timer and the gateway. */
const ENDING_MS = 5_000;

/** Creates the watchdog of one kind of calls. */
export function createLeaseWatchdog({ leaseMs, clock, onOverdue }: LeaseWatchdogOptions): LeaseWatchdog {
  const patienceMs = leaseMs - Math.min(ENDING_MS, leaseMs / 6);
  const watched = new Map<string, { readonly endsAtMs: number; readonly timer: NodeJS.Timeout }>();

  function watch(runId: string, sentAtMs: number): void {
    clearTimeout(watched.get(runId)?.timer);
    const endsAtMs = sentAtMs + patienceMs;
    const timer = setTimeout(onOverdue, Math.max(0, endsAtMs - clock.now()), runId);
    watched.set(runId, { endsAtMs, timer });
  }

  return {
    note(runIds, sentAtMs) {
      for (const runId of runIds) watch(runId, sentAtMs);
    },
    hasLease: (runId) => clock.now() < (watched.get(runId)?.endsAtMs ?? Number.NEGATIVE_INFINITY),
    watched: () => [...watched.keys()],
    forget(runId) {
      clearTimeout(watched.get(runId)?.timer);
      watched.delete(runId);
    },
  };
}
