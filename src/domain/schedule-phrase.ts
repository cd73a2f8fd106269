import type { DayPart, Unit } from './schedule-words.js';

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
  };
}
