import { NotSayable } from './unsupported-schedule.js';
import type { DayPart, Unit } from './words.js';

export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
  /** Said so that a part of the day can't change it: 8pm, noon, 20:00. */
  readonly exact: boolean;
}

export interface Interval {
  readonly amount: number;
  readonly unit: Unit;
}

/** A value in the order in which it was said, which tells what belongs together. */
export interface Said {
  readonly kind: 'time' | 'date' | 'month';
  readonly value: string;
}

/** What an English schedule says, put together word by word. */
export interface Phrase {
  /** How often: every 15 minutes, every month. */
  every: Interval | null;
  /** Minutes past each hour. */
  readonly minutes: number[];
  readonly times: TimeOfDay[];
  /** From one hour to another. */
  hours: { readonly from: TimeOfDay; readonly to: TimeOfDay } | null;
  dayPart: DayPart | null;
  readonly weekdays: Set<number>;
  /** The second Monday of the month; the last Friday. */
  nth: { readonly which: number | 'L'; readonly weekday: number } | null;
  readonly days: Set<number | 'L'>;
  readonly months: Set<number>;
  readonly said: Said[];
}

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

/** Minutes of every hour, or of those that the interval names. */
export function addMinute(phrase: Phrase, minute: number): true {
  if (minute > 59) throw new NotSayable('An hour has the minutes 0 to 59.');
  phrase.minutes.push(minute);
  return true;
}

export function addTime(phrase: Phrase, time: TimeOfDay): true {
  phrase.times.push(time);
  phrase.said.push({ kind: 'time', value: `${time.hour}:${time.minute}` });
  return true;
}

export function addWeekday(phrase: Phrase, weekday: number): void {
  phrase.weekdays.add(weekday);
  phrase.said.push({ kind: 'date', value: `weekday ${weekday}` });
}

export function addDay(phrase: Phrase, day: number | 'L'): void {
  if (day !== 'L' && (day < 1 || day > 31)) throw new NotSayable(`No month has a day ${day}.`);
  phrase.days.add(day);
  phrase.said.push({ kind: 'date', value: `day ${day}` });
}

export function addMonth(phrase: Phrase, month: number): void {
  phrase.months.add(month);
  phrase.said.push({ kind: 'month', value: `${month}` });
}

export function setDayPart(phrase: Phrase, part: DayPart): true {
  if (phrase.dayPart !== null) throw new NotSayable('One part of the day is enough; say the times instead.');
  phrase.dayPart = part;
  phrase.said.push({ kind: 'time', value: `from ${part.from}` });
  return true;
}

export function setEvery(phrase: Phrase, every: Interval): true {
  const { every: earlier } = phrase;
  if (DATES.has(every.unit)) phrase.said.push({ kind: 'date', value: every.unit });
  // Every hour of every day: the day says nothing more.
  if (earlier !== null && isEveryDay(every) && isPartOfDay(earlier)) return true;
  const isRefined = earlier !== null && isEveryDay(earlier) && isPartOfDay(every);
  if (earlier !== null && !isRefined && (earlier.unit !== every.unit || earlier.amount !== every.amount)) {
    throw new NotSayable(`It says both every ${say(earlier)} and every ${say(every)}.`);
  }
  phrase.every = every;
  return true;
}

function isEveryDay({ amount, unit }: Interval): boolean {
  return amount === 1 && unit === 'day';
}

export function isPartOfDay({ unit }: Interval): boolean {
  return unit === 'minute' || unit === 'hour';
}

/** Units that say on which dates, so that "daily at 9 and on mondays at 10" is seen to be two schedules. */
const DATES: ReadonlySet<Unit> = new Set(['day', 'week', 'month']);

function say({ amount, unit }: Interval): string {
  return amount === 1 ? unit : `${amount} ${unit}s`;
}
