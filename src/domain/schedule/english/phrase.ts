import { UnsupportedSchedule } from './unsupported-schedule.js';
import type { DayPart, Unit } from './words.js';

/** A time of day. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
  /** Whether a part of the day can't change the hour: 8pm, noon, 20:00. */
  readonly exact: boolean;
}

/** An interval between due times. */
export interface Interval {
  readonly amount: number;
  readonly unit: Unit;
}

/** A value of the text. The order of these values shows which times and days belong together. */
export interface Said {
  readonly kind: 'time' | 'date' | 'month';
  readonly value: string;
}

/** The meaning of an English schedule, collected word by word. */
export interface Phrase {
  /** The interval: every 15 minutes, every month. */
  every: Interval | null;
  /** Minutes past each hour. */
  readonly minutes: number[];
  readonly times: TimeOfDay[];
  /** The range of hours. */
  hours: { readonly from: TimeOfDay; readonly to: TimeOfDay } | null;
  dayPart: DayPart | null;
  readonly weekdays: Set<number>;
  /** A weekday of the month: the second Monday, the last Friday. */
  nth: { readonly which: number | 'L'; readonly weekday: number } | null;
  readonly days: Set<number | 'L'>;
  readonly months: Set<number>;
  readonly said: Said[];
}

/** A phrase without any meaning yet. */
export function emptyPhrase(): Phrase {
  return {
    every: null,
    minutes: [],
    times: [],
    hours: null,
    dayPart: null,
    weekdays: new Set(),
    nth: null,
    days: new Set(),
    months: new Set(),
    said: [],
  };
}

/** Adds a minute of every hour, or of the hours of the interval. */
export function addMinute(phrase: Phrase, minute: number): true {
  if (minute > 59) throw new UnsupportedSchedule('An hour has the minutes 0 to 59.');
  phrase.minutes.push(minute);
  return true;
}

/** Adds a time of day. */
export function addTime(phrase: Phrase, time: TimeOfDay): true {
  phrase.times.push(time);
  phrase.said.push({ kind: 'time', value: `${time.hour}:${time.minute}` });
  return true;
}

/** Adds a weekday. */
export function addWeekday(phrase: Phrase, weekday: number): void {
  phrase.weekdays.add(weekday);
  phrase.said.push({ kind: 'date', value: `weekday ${weekday}` });
}

/** Adds a day of the month. */
export function addDay(phrase: Phrase, day: number | 'L'): void {
  if (day !== 'L' && (day < 1 || day > 31)) throw new UnsupportedSchedule(`No month has a day ${day}.`);
  phrase.days.add(day);
  phrase.said.push({ kind: 'date', value: `day ${day}` });
}

/** Adds a month. */
export function addMonth(phrase: Phrase, month: number): void {
  phrase.months.add(month);
  phrase.said.push({ kind: 'month', value: `${month}` });
}

/** Sets the part of the day. */
export function setDayPart(phrase: Phrase, part: DayPart): true {
  if (phrase.dayPart !== null)
    throw new UnsupportedSchedule('Use only one part of the day, or name the times instead.');
  phrase.dayPart = part;
  phrase.said.push({ kind: 'time', value: `from ${part.from}` });
  return true;
}

/** Sets the interval. Only an interval of days may be combined with one of hours or minutes. */
export function setEvery(phrase: Phrase, every: Interval): true {
  const { every: earlier } = phrase;
  if (DATES.has(every.unit)) phrase.said.push({ kind: 'date', value: every.unit });
  // In "every hour of every day" the day adds nothing.
  if (earlier !== null && isEveryDay(every) && isPartOfDay(earlier)) return true;
  const isRefined = earlier !== null && isEveryDay(earlier) && isPartOfDay(every);
  if (earlier !== null && !isRefined && (earlier.unit !== every.unit || earlier.amount !== every.amount)) {
    throw new UnsupportedSchedule(`It contains both every ${write(earlier)} and every ${write(every)}.`);
  }
  phrase.every = every;
  return true;
}

function isEveryDay({ amount, unit }: Interval): boolean {
  return amount === 1 && unit === 'day';
}

/** Whether the unit of the interval is shorter than a day. */
export function isPartOfDay({ unit }: Interval): boolean {
  return unit === 'minute' || unit === 'hour';
}

/** Units that name dates. They let "daily at 9 and on mondays at 10" be recognized as two schedules. */
const DATES: ReadonlySet<Unit> = new Set(['day', 'week', 'month']);

function write({ amount, unit }: Interval): string {
  return amount === 1 ? unit : `${amount} ${unit}s`;
}
