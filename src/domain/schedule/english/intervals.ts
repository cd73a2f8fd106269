import type { Interval } from './phrase.js';
import { NotSayable } from './unsupported-schedule.js';
import type { Unit } from './words.js';

const DIVISORS = {
  minute: [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60],
  hour: [1, 2, 3, 4, 6, 8, 12, 24],
  month: [1, 2, 3, 4, 6, 12],
} as const;

/** How many of a unit fill the next one. */
const LARGER: Partial<Record<Unit, { readonly size: number; readonly unit: Unit }>> = {
  minute: { size: 60, unit: 'hour' },
  hour: { size: 24, unit: 'day' },
  day: { size: 7, unit: 'week' },
  month: { size: 12, unit: 'year' },
};

/** Why more than one of these can't be counted, and what comes near. */
const UNCOUNTED: Record<'day' | 'week' | 'year', readonly [why: string, ...wishes: string[]]> = {
  day: ['Months have no fixed number of days', 'every day', 'every monday, wednesday and friday'],
  week: ['cron does not count weeks', 'every week', 'on the 1st and 15th of every month'],
  year: ['cron does not count years', 'every year'],
};

const WHOLE = { minute: 'an hour', hour: 'a day', month: 'a year' } as const;

/**
 * The interval in the largest unit that it fills. cron counts anew in each hour, day, month and year, so an interval that
 * does not divide them would be uneven without saying so.
 * @throws {NotSayable} for such an interval, with those that come near.
 */
export function near({ amount, unit }: Interval): Interval {
  if (amount < 1) throw new NotSayable('An interval is 1 or more.');
  const larger = LARGER[unit];
  if (larger !== undefined && amount % larger.size === 0)
    return near({ amount: amount / larger.size, unit: larger.unit });
  if (unit === 'quarter') return near({ amount: amount * 3, unit: 'month' });
  if (unit === 'minute' && amount > 60) return refuseLong(amount);
  if (unit === 'minute' || unit === 'hour' || unit === 'month') return divide(amount, unit);
  if (amount === 1) return { amount, unit };
  return refuse(...UNCOUNTED[unit]);
}

function divide(amount: number, unit: 'minute' | 'hour' | 'month'): Interval {
  const divisors: readonly number[] = DIVISORS[unit];
  if (divisors.includes(amount)) return { amount, unit };
  const wishes = [divisors.findLast((each) => each < amount), divisors.find((each) => each > amount)];
  const said = wishes.flatMap((wish) => (wish === undefined ? [] : say(near({ amount: wish, unit }))));
  return refuse(`${amount} ${unit}s do not fit evenly into ${WHOLE[unit]}`, ...said);
}

function refuseLong(minutes: number): never {
  const hours = [Math.floor(minutes / 60), Math.ceil(minutes / 60)];
  const wishes = hours.flatMap((amount) => (24 % amount === 0 ? say(near({ amount, unit: 'hour' })) : []));
  return refuse(
    `${minutes} minutes do not fit evenly into a day`,
    ...(wishes.length === 0 ? ['every 6 hours', 'every day'] : wishes),
  );
}

function say({ amount, unit }: Interval): string {
  return amount === 1 ? `every ${unit}` : `every ${amount} ${unit}s`;
}

function refuse(why: string, ...wishes: readonly string[]): never {
  throw new NotSayable(`${why}, so this interval can't be kept. Near it: ${wishes.join('; ')}.`);
}
