import type { Interval } from './phrase.js';
import { UnsupportedSchedule } from './unsupported-schedule.js';
import type { Unit } from './words.js';

const DIVISORS = {
  minute: [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60],
  hour: [1, 2, 3, 4, 6, 8, 12, 24],
  month: [1, 2, 3, 4, 6, 12],
} as const;

/** How many of a unit make one of the next larger unit. */
const LARGER: Partial<Record<Unit, { readonly size: number; readonly unit: Unit }>> = {
  minute: { size: 60, unit: 'hour' },
  hour: { size: 24, unit: 'day' },
  day: { size: 7, unit: 'week' },
  month: { size: 12, unit: 'year' },
};

/** Why intervals of several of these units are not supported, and similar intervals. */
const UNCOUNTED: Record<'day' | 'week' | 'year', readonly [why: string, ...similar: string[]]> = {
  day: ['Months have no fixed number of days', 'every day', 'every monday, wednesday and friday'],
  week: ['cron does not count weeks', 'every week', 'on the 1st and 15th of every month'],
  year: ['cron does not count years', 'every year'],
};

const WHOLE = { minute: 'an hour', hour: 'a day', month: 'a year' } as const;

/**
 * Converts an interval into the largest possible unit. cron restarts its count in each hour, day, month and year, so an
 * interval that does not divide them would silently be uneven.
 * @throws {UnsupportedSchedule} for such an interval, with similar ones.
 */
export function toLargestUnit({ amount, unit }: Interval): Interval {
  if (amount < 1) throw new UnsupportedSchedule('An interval must be 1 or more.');
  const larger = LARGER[unit];
  if (larger !== undefined && amount % larger.size === 0)
    return toLargestUnit({ amount: amount / larger.size, unit: larger.unit });
  if (unit === 'quarter') return toLargestUnit({ amount: amount * 3, unit: 'month' });
  if (unit === 'minute' && amount > 60) return refuseLong(amount);
  if (unit === 'minute' || unit === 'hour' || unit === 'month') return divide(amount, unit);
  if (amount === 1) return { amount, unit };
  return refuse(...UNCOUNTED[unit]);
}

function divide(amount: number, unit: 'minute' | 'hour' | 'month'): Interval {
  const divisors: readonly number[] = DIVISORS[unit];
  if (divisors.includes(amount)) return { amount, unit };
  const nearest = [divisors.findLast((each) => each < amount), divisors.find((each) => each > amount)];
  const similar = nearest.flatMap((each) =>
    each === undefined ? [] : write(toLargestUnit({ amount: each, unit })),
  );
  return refuse(`${amount} ${unit}s do not fit evenly into ${WHOLE[unit]}`, ...similar);
}

function refuseLong(minutes: number): never {
  const hours = [Math.floor(minutes / 60), Math.ceil(minutes / 60)];
  const similar = hours.flatMap((amount) =>
    24 % amount === 0 ? write(toLargestUnit({ amount, unit: 'hour' })) : [],
  );
  return refuse(
    `${minutes} minutes do not fit evenly into a day`,
    ...(similar.length === 0 ? ['every 6 hours', 'every day'] : similar),
  );
}

function write({ amount, unit }: Interval): string {
  return amount === 1 ? `every ${unit}` : `every ${amount} ${unit}s`;
}

function refuse(why: string, ...similar: readonly string[]): never {
  throw new UnsupportedSchedule(
    `${why}, so this interval is not supported. Similar intervals: ${similar.join('; ')}.`,
  );
}
