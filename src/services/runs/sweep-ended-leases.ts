import { LIMITS } from '../../domain/limits.js';
import {
  findNextLeaseEndMs,
  type LeaseKind,
  type LeasePlace,
  type Leases,
  listEndedLeases,
} from '../../store/runs/expired-leases.js';
import type { ServiceContext } from '../service-context.js';

/** The result of a sweep. */
export interface Sweep {
  /** The number of settled runs. */
  readonly handled: number;
  /** Milliseconds until the next known work; 0 if more is due now. */
  readonly nextInMs: number;
}

export interface SweepRules<Kind extends LeaseKind> {
  readonly kind: Kind;
  /** Until when the run may continue; null if it must be settled now. */
  keptUntil(lease: Leases[Kind]): Date | null;
  /** Decides again under locks and acts. False if there is nothing to do, or if the rows are locked. */
  settle(lease: Leases[Kind]): Promise<boolean>;
}

/** The number of leases per statement. */
const PAGE = 100;

/**
 * The maximum number of settled runs per sweep; the next sweep continues. A pause or a stop waits for one sweep at
 * most. A run takes 4 to 8 ms, so 10,000 runs would take a minute.
 */
const MAX_SETTLED = 100;

/** The number of concurrent transactions. A long backlog must leave connections and CPU to working agents. */
const CONCURRENCY = 2;

/**
 * Scans the open runs whose lease has expired and settles those that are due, each in its own transaction. A failure of
 * one does not delay the others; failures are thrown together at the end. Concurrent processes share the work, because
 * each skips rows that another has locked.
 */
export async function sweepEndedLeases<Kind extends LeaseKind>(
  { database }: Pick<ServiceContext, 'database'>,
  { kind, keptUntil, settle }: SweepRules<Kind>,
): Promise<Sweep> {
  const failures: Error[] = [];
  let handled = 0;
  let changeInMs = Number.POSITIVE_INFINITY;
  let after: LeasePlace | null = null;
  do {
    const page: Leases[Kind][] = await listEndedLeases(database.pool, kind, after, PAGE);
    const due: Leases[Kind][] = [];
    for (const lease of page) {
      const until = keptUntil(lease);
      if (until === null) due.push(lease);
      else changeInMs = Math.min(changeInMs, until.getTime() - lease.nowAt.getTime());
    }
    handled += await settleAll(due, settle, failures);
    after = page.length < PAGE ? null : (page.at(-1) ?? null);
  } while (after !== null && handled < MAX_SETTLED);
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} ended leases could not be settled`);
  if (after !== null) return { handled, nextInMs: 0 };
  const endInMs = await findNextLeaseEndMs(database.pool, kind);
  // A lease that begins later lasts at least the minimum length.
  return { handled, nextInMs: Math.min(changeInMs, endInMs ?? LIMITS.leaseMinMs, LIMITS.leaseMinMs) };
}

async function settleAll<Lease extends Leases[LeaseKind]>(
  due: Lease[],
  settle: (lease: Lease) => Promise<boolean>,
  failures: Error[],
): Promise<number> {
  let handled = 0;
  const work = async (): Promise<void> => {
    for (let lease = due.shift(); lease !== undefined; lease = due.shift()) {
      try {
        if (await settle(lease)) handled += 1;
      } catch (error) {
        failures.push(new Error(`run ${lease.runId} of task ${lease.taskId}`, { cause: error }));
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return handled;
}
