export type CatchUpPolicy = 'SKIP' | 'LATEST' | 'ALL';

const HOUR_MS = 3_600_000;

/** As many missed due times as `ALL` makes up for. */
export const MAX_CAUGHT_UP = 100;

export interface CatchUp {
  /** Due times that get their task, rising. */
  readonly fire: readonly number[];
  /** The latest due time, if it gets none, and why. */
  readonly skip: { readonly dueAtMs: number; readonly reason: string } | null;
}

/**
 * Decides which of the due times that have passed get their task. In the ordinary case there is one, a moment old, and
 * every policy lets it fire.
 *
 * @param latest - the last due times up to now, rising; {@link MAX_CAUGHT_UP} of them are enough.
 */
export function decideCatchUp(policy: CatchUpPolicy, latest: readonly number[], nowMs: number): CatchUp {
  const newest = latest.at(-1);
  if (newest === undefined) return { fire: [], skip: null };
  if (policy === 'ALL') return { fire: latest.slice(-MAX_CAUGHT_UP), skip: null };
  if (policy === 'LATEST' || nowMs - newest < HOUR_MS) return { fire: [newest], skip: null };
  const minutes = Math.floor((nowMs - newest) / 60_000);
  const reason = `It was missed by ${minutes} minutes, and its catchUp policy SKIP makes up for less than an hour.`;
  return { fire: [], skip: { dueAtMs: newest, reason } };
}
