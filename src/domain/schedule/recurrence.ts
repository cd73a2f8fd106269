import { type CronExpression, CronExpressionParser } from 'cron-parser';
import { toDate } from '../../kernel/clock.js';
import { findTransition, offsetAt } from './time-zone.js';

/** The times of a schedule: a cron expression that has been checked, by the clocks of an IANA zone. */
export interface Recurrence {
  readonly cron: string;
  readonly timeZone: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The end of the year 9999, behind which no instant can be written any more. */
const END_MS = Date.UTC(10_000, 0, 1) - 1;

/**
 * Answers with the first due time after an instant, in milliseconds since the epoch; null if there is none any more.
 *
 * The due times of a recurrence are one fixed set, whoever asks and from wherever. A time of day that occurs twice,
 * because clocks are set back, is due the first time; one that does not occur, because they are set forward, is due at
 * the instant at which they are. A schedule of every hour goes by elapsed time through both: it neither stops for an
 * hour nor hurries.
 */
export type NextDue = (afterMs: number) => number | null;

/**
 * cron-parser reads the expression and goes through the wall-clock times, in a calendar without daylight saving. What
 * instants those are is settled here: by itself it loses times in zones whose clocks are set by half an hour.
 */
export function openRecurrence({ cron, timeZone }: Recurrence): NextDue {
  const expression = CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: toDate(0) });
  const everyHour = expression.fields.hour.values.length === 24;

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
      wallMs = nextWallTime(expression, wallMs);
      if (wallMs === null) break;
      due = resolve(wallMs, afterMs);
    }
    const again = everyHour ? findRepeated(expression, timeZone, afterMs) : null;
    const first = Math.min(due ?? Number.POSITIVE_INFINITY, again ?? Number.POSITIVE_INFINITY);
    return first <= END_MS ? first : null;
  };
}

/** At most `count` due times after one instant and, if given, up to another; rising. */
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

/** The last `count` due times after one instant and up to another, rising; without going through all that lie between. */
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

/** The next time on the wall that the expression names; null when cron-parser has looked far enough. */
function nextWallTime(expression: CronExpression, afterWallMs: number): number | null {
  try {
    expression.reset(toDate(afterWallMs));
    return expression.next().getTime();
  } catch {
    return null;
  }
}

/** The instants at which clocks in the zone show this: one, two while they are set back, none while they jump. */
function instantsOf(timeZone: string, wallMs: number): number[] {
  const offsets = [offsetAt(timeZone, wallMs - DAY_MS), offsetAt(timeZone, wallMs + DAY_MS)];
  const instants = [...new Set(offsets)].map((offsetMs) => wallMs - offsetMs);
  return instants.filter((instant) => instant + offsetAt(timeZone, instant) === wallMs).sort((a, b) => a - b);
}

/** The first due time after the instant in a stretch of wall-clock time that is about to repeat itself. */
function findRepeated(expression: CronExpression, timeZone: string, afterMs: number): number | null {
  const setAtMs = findTransition(timeZone, afterMs, afterMs + DAY_MS);
  if (setAtMs === null) return null;
  const offsetMs = offsetAt(timeZone, setAtMs);
  const wallMs = nextWallTime(expression, setAtMs + offsetMs - 1);
  const repeatedUntilMs = setAtMs + offsetAt(timeZone, setAtMs - 1);
  return wallMs !== null && wallMs < repeatedUntilMs ? wallMs - offsetMs : null;
}

/** By how much the zone's clocks are set forward at the instant. */
function jumpAt(timeZone: string, setAtMs: number): number {
  return offsetAt(timeZone, setAtMs) - offsetAt(timeZone, setAtMs - 1);
}
