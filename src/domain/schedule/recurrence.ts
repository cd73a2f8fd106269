import { findTransition, offsetAt } from './time-zone.js';
import { openWallTimes, type WallTimes } from './wall-times.js';

/** A checked cron expression and the IANA time zone in which it applies. */
export interface Recurrence {
  readonly cron: string;
  readonly timeZone: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The end of the year 9999. Later instants can't be formatted. */
const END_MS = Date.UTC(10_000, 0, 1) - 1;

/**
 * Returns the first due time after an instant, in milliseconds since the epoch. Null if there are no more.
 *
 * The due times of a recurrence are one fixed set, independent of the instant from which they are computed. When clocks
 * are set back, a time of day that occurs twice is due the first time. When they are set forward, a time of day that is
 * skipped is due at the instant of the change. A schedule of every hour follows elapsed time through both changes, so
 * it is due exactly once per hour.
 */
export type NextDue = (afterMs: number) => number | null;

/**
 * Creates the function that computes due times. It maps the wall-clock times of the expression to instants of the time zone.
 */
export function openRecurrence({ cron, timeZone }: Recurrence): NextDue {
  const wallTimes = openWallTimes(cron);
  const { everyHour } = wallTimes;

  function resolve(wallMs: number, afterMs: number): number | null {
    const instants = instantsOf(timeZone, wallMs);
    if (instants.length === 0) {
      const setAtMs = findTransition(timeZone, wallMs - DAY_MS, wallMs + DAY_MS) ?? wallMs;
      const isDue = setAtMs > afterMs && !(everyHour && jumpAt(timeZone, setAtMs) % HOUR_MS === 0);
      return isDue ? setAtMs : null;
    }
    return (everyHour ? instants : instants.slice(0, 1)).find((instant) => instant > afterMs) ?? null;
  }

  return (afterMs) => {
    let due: number | null = null;
    let wallMs: number | null = afterMs + offsetAt(timeZone, afterMs);
    while (due === null) {
      wallMs = wallTimes.next(wallMs);
      if (wallMs === null) break;
      due = resolve(wallMs, afterMs);
    }
    const again = everyHour ? findRepeated(wallTimes, timeZone, afterMs) : null;
    const first = Math.min(due ?? Number.POSITIVE_INFINITY, again ?? Number.POSITIVE_INFINITY);
    return first <= END_MS ? first : null;
  };
}

/** Lists at most `count` due times after an instant and up to another, in ascending order. */
export function listDueTimes(
  next: NextDue,
  { afterMs, upToMs = END_MS, count }: { afterMs: number; upToMs?: number; count: number },
): number[] {
  const times: number[] = [];
  let due = next(afterMs);
  while (due !== null && due <= upToMs && times.length < count) {
    times.push(due);
    due = next(due);
  }
  return times;
}

/** Lists the last `count` due times after an instant and up to another, in ascending order, without computing all. */
export function listLatestDueTimes(
  next: NextDue,
  { afterMs, upToMs, count }: { afterMs: number; upToMs: number; count: number },
): number[] {
  for (let windowMs = HOUR_MS; ; windowMs *= 2) {
    const fromMs = Math.max(afterMs, upToMs - windowMs);
    const times = listDueTimes(next, { afterMs: fromMs, upToMs, count: Number.POSITIVE_INFINITY });
    if (times.length >= count || fromMs === afterMs) return times.slice(-count);
  }
}

/** The instants at which the zone's clocks show this time: usually one, two if repeated, none if skipped. */
function instantsOf(timeZone: string, wallMs: number): number[] {
  const offsets = [offsetAt(timeZone, wallMs - DAY_MS), offsetAt(timeZone, wallMs + DAY_MS)];
  const instants = [...new Set(offsets)].map((offsetMs) => wallMs - offsetMs);
  return instants.filter((instant) => instant + offsetAt(timeZone, instant) === wallMs).sort((a, b) => a - b);
}

/** The first due time after the instant within wall-clock time that occurs a second time. */
function findRepeated(wallTimes: WallTimes, timeZone: string, afterMs: number): number | null {
  const setAtMs = findTransition(timeZone, afterMs, afterMs + DAY_MS);
  if (setAtMs === null) return null;
  const offsetMs = offsetAt(timeZone, setAtMs);
  const wallMs = wallTimes.next(setAtMs + offsetMs - 1);
  const repeatedUntilMs = setAtMs + offsetAt(timeZone, setAtMs - 1);
  return wallMs !== null && wallMs < repeatedUntilMs ? wallMs - offsetMs : null;
}

/** The milliseconds by which the zone's clocks are set forward at the instant. */
function jumpAt(timeZone: string, setAtMs: number): number {
  return offsetAt(timeZone, setAtMs) - offsetAt(timeZone, setAtMs - 1);
}
