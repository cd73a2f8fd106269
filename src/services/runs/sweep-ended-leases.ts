import { LIMITS } from '../../domain/limits.js';
import {
  findNextLeaseEndMs,
  type LeaseKind,
  type LeasePlace,
  type Leases,
  listEndedLeases,
} from '../../store/runs/expired-leases.js';
import type { ServiceContext } from '../service-context.js';

/** What a sweep came to. */
export interface Sweep {
  /** Runs about which something was done. */
  readonly handled: number;
  /** In how many milliseconds there will be something to do again, as far as can be known; 0 if there is more at once. */
  readonly nextInMs: number;
}

export interface SweepRules<Kind extends LeaseKind> {
  readonly kind: Kind;
  /** Until when the run may go on as it is; null if something is to be done about it now. */
  keptUntil(lease: Leases[Kind]): Date | null;
  /** Decides again under locks and acts. False if there was nothing to do any more, or if somebody else is at it. */
  settle(lease: Leases[Kind]): Promise<boolean>;
}

/** Leases looked at in one statement. */
const PAGE = 100;

/**
 * After so many settled runs a sweep ends, and the next one goes on. A pause or a stop waits for one sweep at most: a run
 * takes 4 to 8 ms, so 10,000 of them take a minute.
 */
const SWEEP = 100;

/** Transactions at a time: a long backlog must leave connections and a processor to the agents that work. */
const AT_A_TIME = 2;

/**
 * Looks through the open runs whose lease has ended and settles those that are due, each by itself: one that can't be
 * settled holds no other up, and is reported when all have had their turn. Processes that sweep at the same time share
 * the work, because each steps over what another has locked.
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
  } while (after !== null && handled < SWEEP);
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} ended leases could not be settled`);
  if (after !== null) return { handled, nextInMs: 0 };
  const endInMs = await findNextLeaseEndMs(database.pool, kind);
  // No lease is shorter than the shortest, so none that begins later can end earlier.
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
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return handled;
}
