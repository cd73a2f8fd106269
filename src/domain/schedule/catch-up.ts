import { toDate } from '../../kernel/clock.js';

/** What a recurring task does with due times that it has missed. */
export type CatchUpPolicy = 'SKIP' | 'LATEST' | 'ALL';

const HOUR_MS = 3_600_000;

/** The maximum number of missed due times for which `ALL` creates a task. */
export const MAX_CAUGHT_UP = 100;

/** A due time for which no task is created, and the reason. */
export interface MissedDueTime {
  readonly dueAtMs: number;
  readonly reason: string;
}

/** What to do about due times that have passed. */
export interface CatchUp {
  /** The due times for which a task is created, in ascending order. */
  readonly fire: readonly number[];
  /** The other due times, in ascending order. The first one can stand for all before it. */
  readonly missed: readonly MissedDueTime[];
}

/** The due times that have passed since the last run of the job. */
export interface PassedDueTimes {
  /** The latest ones up to now, in ascending order: at most {@link MAX_PASSED}. */
  readonly latest: readonly number[];
  /** The first one. */
  readonly firstMs: number;
}

/**
 * The maximum number of due times that have a task or an entry of their own, and one more that stands for all before
 * them.
 */
export const MAX_PASSED = MAX_CAUGHT_UP + 1;

const MAKES_UP_FOR: Readonly<Record<CatchUpPolicy, string>> = {
  SKIP: 'only for the latest due time, and only within an hour',
  LATEST: 'only for the latest due time',
  ALL: `only for the latest ${MAX_CAUGHT_UP} due times`,
};

/**
 * Decides for which of the past due times a task is created. Usually there is one that has just passed, and every
 * policy creates its task.
 */
export function decideCatchUp(
  policy: CatchUpPolicy,
  { latest, firstMs }: PassedDueTimes,
  nowMs: number,
): CatchUp {
  const fire = latest.slice(Math.max(0, latest.length - countFired(policy, latest.at(-1), nowMs)));
  const missed = latest.slice(0, latest.length - fire.length).map((dueAtMs, index) => {
    const minutes = Math.floor((nowMs - dueAtMs) / 60_000);
    const why = `The due time was missed by ${minutes} minutes: the catchUp policy ${policy} makes up ${MAKES_UP_FOR[policy]}.`;
    const standsForMore = index === 0 && latest.length === MAX_PASSED && firstMs < dueAtMs;
    return { dueAtMs, reason: standsForMore ? `${why} ${describeEarlier(firstMs)}` : why };
  });
  return { fire, missed };
}

function countFired(policy: CatchUpPolicy, newestMs: number | undefined, nowMs: number): number {
  if (newestMs === undefined) return 0;
  if (policy === 'ALL') return MAX_CAUGHT_UP;
  return policy === 'LATEST' || nowMs - newestMs < HOUR_MS ? 1 : 0;
}

/** After two years a schedule for every minute would have a million entries, so the earlier due times share one. */
function describeEarlier(firstMs: number): string {
  return `All due times since ${toDate(firstMs).toISOString()} were missed too and have no entries of their own.`;
}
