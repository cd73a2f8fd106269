/** What a recurring task does with due times that it has missed. */
export type CatchUpPolicy = 'SKIP' | 'LATEST' | 'ALL';

const HOUR_MS = 3_600_000;

/** The most missed due times that `ALL` makes up for. */
export const MAX_CAUGHT_UP = 100;

/** What to do about due times that have passed. */
export interface CatchUp {
  /** The due times for which a task is created, in ascending order. */
  readonly fire: readonly number[];
  /** The latest due time and the reason, if no task is created for it. */
  readonly skip: { readonly dueAtMs: number; readonly reason: string } | null;
}

/**
 * Decides for which of the past due times a task is created. Usually there is one that has just passed, and every
 * policy creates its task.
 *
 * @param latest - the latest due times up to now, in ascending order. {@link MAX_CAUGHT_UP} of them are enough.
 */
export function decideCatchUp(policy: CatchUpPolicy, latest: readonly number[], nowMs: number): CatchUp {
  const newest = latest.at(-1);
  if (newest === undefined) return { fire: [], skip: null };
  if (policy === 'ALL') return { fire: latest.slice(-MAX_CAUGHT_UP), skip: null };
  if (policy === 'LATEST' || nowMs - newest < HOUR_MS) return { fire: [newest], skip: null };
  const minutes = Math.floor((nowMs - newest) / 60_000);
  const reason = `The due time was missed by ${minutes} minutes, and the catchUp policy SKIP makes up for less than an hour.`;
  return { fire: [], skip: { dueAtMs: newest, reason } };
}
