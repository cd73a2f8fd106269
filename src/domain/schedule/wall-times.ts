import { CronExpressionParser } from 'cron-parser';
import { toDate } from '../../kernel/clock.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The Gregorian calendar, with its weekdays, repeats after 400 years: what does not occur in them never occurs. */
const CYCLE_YEARS = 400;

/** The fields of a cron expression, in ascending order. */
interface Fields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** 0 to 11, as Date counts them. */
  readonly months: readonly number[];
  readonly isDue: (month: Month, day: number) => boolean;
}

interface Month {
  readonly days: number;
  /** The weekday of its first day; 0 is Sunday. */
  readonly firstWeekday: number;
}

/** Lists the wall-clock times of a cron expression as if they were UTC. */
export interface WallTimes {
  /** Whether the expression is due at every hour of a day. */
  readonly everyHour: boolean;
  /** The first time after another, in milliseconds. Null if there is none. */
  next(afterMs: number): number | null;
}

/**
 * Opens a checked cron expression. cron-parser reads the expression, but does not search: it looks at every day, so a
 * schedule that is due every 28 years took 50 ms for each due time. Here the search goes from year to year and looks only at
 * the months of the expression.
 * @throws Error for some days that no month has.
 */
export function openWallTimes(cron: string): WallTimes {
  const fields = readFields(cron);
  return { everyHour: fields.hours.length === 24, next: (afterMs) => findNext(fields, afterMs) };
}

function findNext(fields: Fields, afterMs: number): number | null {
  const startDayMs = Math.floor(afterMs / DAY_MS) * DAY_MS;
  const startYear = toDate(afterMs).getUTCFullYear();
  for (let year = startYear; year <= startYear + CYCLE_YEARS; year += 1) {
    for (const month of fields.months) {
      const firstDayMs = Date.UTC(year, month, 1);
      const days = (Date.UTC(year, month + 1, 1) - firstDayMs) / DAY_MS;
      const calendar = { days, firstWeekday: toDate(firstDayMs).getUTCDay() };
      const from = Math.max(1, (startDayMs - firstDayMs) / DAY_MS + 1);
      for (let day = from; day <= days; day += 1) {
        if (!fields.isDue(calendar, day)) continue;
        const found = findInDay(fields, firstDayMs + (day - 1) * DAY_MS, afterMs);
        if (found !== null) return found;
      }
    }
  }
  return null;
}

function findInDay({ hours, minutes }: Fields, dayMs: number, afterMs: number): number | null {
  for (const hour of hours) {
    const hourMs = dayMs + hour * HOUR_MS;
    if (hourMs + HOUR_MS <= afterMs) continue;
    for (const minute of minutes) {
      const timeMs = hourMs + minute * MINUTE_MS;
      if (timeMs > afterMs) return timeMs;
    }
  }
  return null;
}

function readFields(cron: string): Fields {
  const { minute, hour, month, dayOfMonth, dayOfWeek } = CronExpressionParser.parse(cron, {
    tz: 'UTC',
  }).fields;
  const days = new Set<unknown>(dayOfMonth.values);
  const weekdays = new Set<number>();
  const lastWeekdays = new Set<number>();
  for (const value of dayOfWeek.values) {
    if (typeof value === 'number') weekdays.add(value % 7);
    else lastWeekdays.add(Number.parseInt(value, 10) % 7);
  }
  const isDayOfMonth = (calendar: Month, day: number) =>
    days.has(day) || (dayOfMonth.hasLastChar && day === calendar.days);
  const isDayOfWeek = (calendar: Month, day: number) => {
    const weekday = (calendar.firstWeekday + day - 1) % 7;
    const isNth = dayOfWeek.nthDay <= 0 || Math.ceil(day / 7) === dayOfWeek.nthDay;
    return (weekdays.has(weekday) && isNth) || (lastWeekdays.has(weekday) && day > calendar.days - 7);
  };
  return {
    minutes: minute.values,
    hours: hour.values,
    months: month.values.map((value) => value - 1),
    isDue: combine(dayOfMonth.isWildcard, isDayOfMonth, dayOfWeek.isWildcard, isDayOfWeek),
  };
}

/** If both fields of days are given, either is enough. */
function combine(
  anyDay: boolean,
  isDayOfMonth: Fields['isDue'],
  anyWeekday: boolean,
  isDayOfWeek: Fields['isDue'],
): Fields['isDue'] {
  if (anyWeekday) return isDayOfMonth;
  if (anyDay) return isDayOfWeek;
  return (calendar, day) => isDayOfMonth(calendar, day) || isDayOfWeek(calendar, day);
}
