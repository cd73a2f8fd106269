import { SYSTEM } from '../../domain/actor.js';
import { decideCatchUp, MAX_CAUGHT_UP } from '../../domain/schedule/catch-up.js';
import { listLatestDueTimes, openRecurrence } from '../../domain/schedule/recurrence.js';
import { toDate } from '../../kernel/clock.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  type DueRecurringTask,
  findNextDueInMs,
  noteFirings,
  takeDueRecurringTask,
} from '../../store/recurring/recurring-tasks.js';
import type { ServiceContext } from '../service-context.js';
import { type Firing, fire, skip } from './fire-recurring-task.js';

export interface Spawned {
  /** Due times that were dealt with: a task made, or a reason recorded for none. */
  readonly handled: number;
  /** In how many milliseconds the next one is due, if there is any; 0 if there are more at once. */
  readonly nextInMs: number | undefined;
}

/** After so many recurring tasks a turn ends, so that a pause or a stop never waits for long. */
const TURN = 100;

/** Transactions at a time. */
const AT_A_TIME = 2;

/** The rest, in milliseconds, while something is due that another process has locked, or that somebody edits. */
const LOCKED_REST_MS = 100;

/**
 * Makes the tasks that are due. Each recurring task has a transaction of its own, so that one that can't be dealt with
 * holds no other up; it is reported when all have had their turn. Any number of processes may do this at a time.
 */
export async function spawnRecurringTasks({ database }: Pick<ServiceContext, 'database'>): Promise<Spawned> {
  // By id: the other transaction may have looked for one to take before this one had failed with it.
  const failures = new Map<string, Error>();
  let handled = 0;
  let taken = 0;

  async function work(): Promise<void> {
    while (taken < TURN) {
      taken += 1;
      const taking: { id: string | null } = { id: null };
      try {
        const dealt = await inTransaction(database, (tx) => dealWithNext(tx, [...failures.keys()], taking));
        if (dealt === null) return;
        handled += dealt;
      } catch (error) {
        if (taking.id === null) throw error;
        failures.set(taking.id, new Error(`recurring task ${taking.id}`, { cause: error }));
      }
    }
  }

  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  if (failures.size > 0)
    throw new AggregateError(
      [...failures.values()],
      `${failures.size} recurring tasks could not be dealt with`,
    );
  if (taken >= TURN) return { handled, nextInMs: 0 };
  const inMs = await findNextDueInMs(database.pool);
  return {
    handled,
    nextInMs: inMs === null ? undefined : inMs <= 0 && handled === 0 ? LOCKED_REST_MS : Math.max(0, inMs),
  };
}

/** The number of due times that were dealt with; null if no recurring task is due that nobody else is at. */
async function dealWithNext(
  tx: Transaction,
  exceptIds: readonly string[],
  taking: { id: string | null },
): Promise<number | null> {
  const row = await takeDueRecurringTask(tx, exceptIds);
  if (row === null) return null;
  taking.id = row.id;
  const next = openRecurrence(row);
  const nowMs = row.nowAt.getTime();
  const firings = await settle(tx, row, next, nowMs);
  const nextDueMs = next(nowMs);
  const settled = firings.filter(({ task, skippedReason }) => task !== null || skippedReason !== null);
  await noteFirings(tx, row.id, {
    fired: firings.filter(({ task }) => task !== null).length,
    skippedReason: firings.findLast(({ skippedReason }) => skippedReason !== null)?.skippedReason ?? null,
    nextDueAt: nextDueMs === null ? null : toDate(nextDueMs),
  });
  return settled.length;
}

/** Fires or skips what was due from the stored due time until now. */
async function settle(
  tx: Transaction,
  row: DueRecurringTask,
  next: ReturnType<typeof openRecurrence>,
  nowMs: number,
): Promise<Firing[]> {
  const afterMs = (row.nextDueAt?.getTime() ?? nowMs) - 1;
  const latest = listLatestDueTimes(next, { afterMs, upToMs: nowMs, count: MAX_CAUGHT_UP });
  const decision = decideCatchUp(row.catchUp, latest, nowMs);
  const firings: Firing[] = [];
  for (const dueAtMs of decision.fire)
    firings.push(await fire(tx, row, { dueAt: toDate(dueAtMs), actor: SYSTEM, byHand: false }));
  if (decision.skip !== null) {
    const { dueAtMs, reason } = decision.skip;
    firings.push(await skip(tx, row, { dueAt: toDate(dueAtMs), actor: SYSTEM, reason }));
  }
  return firings;
}
