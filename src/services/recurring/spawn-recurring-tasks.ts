import { SYSTEM } from '../../domain/actor.js';
import { decideCatchUp, MAX_PASSED } from '../../domain/schedule/catch-up.js';
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
import { type Firing, fire, recordMissed } from './fire-recurring-task.js';

export interface Spawned {
  /** The number of processed due times: each created a task or recorded why not. */
  readonly handled: number;
  /** Milliseconds until the next due time; 0 if more are due now, undefined if there are none. */
  readonly nextInMs: number | undefined;
}

/** The maximum number of recurring tasks per job run, so that a pause or a stop never waits long. */
const BATCH = 100;

/** The number of concurrent transactions. */
const CONCURRENCY = 2;

/** The wait, in milliseconds, while all due recurring tasks are locked by another process or by an edit. */
const LOCKED_REST_MS = 100;

/**
 * Creates the tasks that are due. Each recurring task has its own transaction, so a failure of one does not delay the
 * others; failures are thrown together at the end. Any number of processes may run this concurrently.
 */
export async function spawnRecurringTasks({ database }: Pick<ServiceContext, 'database'>): Promise<Spawned> {
  // A map by id, because both workers can fail on the same row: one may select it before the other records the failure.
  const failures = new Map<string, Error>();
  let handled = 0;
  let taken = 0;

  async function work(): Promise<void> {
    while (taken < BATCH) {
      taken += 1;
      const taking: { id: string | null } = { id: null };
      try {
        const processed = await inTransaction(database, (tx) =>
          processNext(tx, [...failures.keys()], taking),
        );
        if (processed === null) return;
        handled += processed;
      } catch (error) {
        if (taking.id === null) throw error;
        failures.set(taking.id, new Error(`recurring task ${taking.id}`, { cause: error }));
      }
    }
  }

  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  if (failures.size > 0)
    throw new AggregateError(
      [...failures.values()],
      `${failures.size} recurring tasks could not be processed`,
    );
  if (taken >= BATCH) return { handled, nextInMs: 0 };
  const inMs = await findNextDueInMs(database.pool);
  return {
    handled,
    nextInMs: inMs === null ? undefined : inMs <= 0 && handled === 0 ? LOCKED_REST_MS : Math.max(0, inMs),
  };
}

/** Processes one recurring task. Returns the number of its due times; null if no unlocked recurring task is due. */
async function processNext(
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

/** Fires or skips the due times from the stored one until now. */
async function settle(
  tx: Transaction,
  row: DueRecurringTask,
  next: ReturnType<typeof openRecurrence>,
  nowMs: number,
): Promise<Firing[]> {
  const firstMs = row.nextDueAt?.getTime() ?? nowMs;
  const latest = listLatestDueTimes(next, { afterMs: firstMs - 1, upToMs: nowMs, count: MAX_PASSED });
  const { fire: toFire, missed } = decideCatchUp(row.catchUp, { latest, firstMs }, nowMs);
  const firings = await recordMissed(tx, row, missed);
  for (const dueAtMs of toFire)
    firings.push(await fire(tx, row, { dueAt: toDate(dueAtMs), actor: SYSTEM, byHand: false }));
  return firings;
}
