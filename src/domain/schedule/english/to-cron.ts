import { toLargestUnit } from './intervals.js';
import { type Interval, isPartOfDay, type Phrase, type TimeOfDay } from './phrase.js';
import { UnsupportedSchedule } from './unsupported-schedule.js';

/**
 * Writes a phrase as a cron expression.
 * @throws {UnsupportedSchedule} for a phrase that needs more than one expression.
 */
export function toCron(phrase: Phrase): string {
  const every = toLargestUnit(phrase.every ?? { amount: 1, unit: 'day' });
  const clock = isPartOfDay(every) ? clockOfInterval(phrase, every) : clockOfTimes(phrase);
  return `${clock} ${isPartOfDay(every) ? calendarOf(phrase, null) : calendarOf(phrase, every)}`;
}

function clockOfInterval(phrase: Phrase, { amount, unit }: Interval): string {
  const { minutes, hours } = phrase;
  if (phrase.times.length > 0 || phrase.dayPart !== null) {
    throw new UnsupportedSchedule(
      'An interval has no time of day: leave out one of the two, or use a range such as from 9 to 17.',
    );
  }
  if (unit === 'minute') {
    if (minutes.length > 0)
      throw new UnsupportedSchedule('Use either an interval of minutes or minutes past the hour.');
    return `${amount === 1 ? '*' : `*/${amount}`} ${hours === null ? '*' : write(hoursOf(hours, false))}`;
  }
  const minute = minutes.length === 0 ? '0' : write(minutes);
  if (hours === null) return `${minute} ${amount === 1 ? '*' : `*/${amount}`}`;
  return `${minute} ${write(hoursOf(hours, true).filter((_, index) => index % amount === 0))}`;
}

/** "Every 15 minutes from 9 to 17" ends with 16:45, "every hour from 9 to 17" with 17:00. */
function hoursOf({ from, to }: { from: TimeOfDay; to: TimeOfDay }, inclusive: boolean): number[] {
  if (from.minute !== 0 || to.minute !== 0)
    throw new UnsupportedSchedule('A range of hours must begin and end on full hours.');
  const length = (to.hour - from.hour + 24) % 24;
  return Array.from({ length: length + (inclusive ? 1 : 0) }, (_, index) => (from.hour + index) % 24);
}

function clockOfTimes(phrase: Phrase): string {
  if (phrase.hours !== null)
    throw new UnsupportedSchedule('A range of hours needs an interval: every hour from 9 to 17.');
  if (phrase.minutes.length > 0)
    throw new UnsupportedSchedule('Minutes past the hour need an interval: every hour at :15.');
  const said = phrase.times.map((time) => ({ ...time, hour: hourIn(phrase, time) }));
  const times = said.length > 0 ? said : [{ hour: phrase.dayPart?.hour ?? 0, minute: 0 }];
  const hours = [...new Set(times.map(({ hour }) => hour))];
  const minutes = [...new Set(times.map(({ minute }) => minute))];
  const different = new Set(times.map(({ hour, minute }) => hour * 60 + minute)).size;
  if (hours.length * minutes.length !== different) {
    throw new UnsupportedSchedule('Times with different minutes need separate schedules.');
  }
  return `${write(minutes)} ${write(hours)}`;
}

/** The hour of a time within its part of the day: 8 in the morning is 8, 8 in the evening is 20, 2 at night is 2. */
function hourIn({ dayPart, weekdays, days, nth }: Phrase, { hour, exact }: TimeOfDay): number {
  if (dayPart === null) return hour;
  const readings = exact ? [hour, hour + 24] : [hour, hour + 12, hour + 24];
  const fitting = readings.find((each) => each >= dayPart.from && each <= dayPart.to);
  if (fitting === undefined) throw new UnsupportedSchedule(`${hour}:00 is not in that part of the day.`);
  if (fitting >= 24 && weekdays.size + days.size + (nth === null ? 0 : 1) > 0)
    throw new UnsupportedSchedule('That night is on two days: use the day and the time without "night".');
  return fitting % 24;
}

/** The fields for day of the month, month and weekday. `every` is null for an interval of minutes or hours. */
function calendarOf(phrase: Phrase, every: Interval | null): string {
  const { nth, weekdays, days, months } = phrase;
  checkDays(phrase, every);
  const month = months.size > 0 ? write([...months]) : monthOf(phrase, every);
  if (nth !== null) return `* ${month} ${nth.weekday}${nth.which === 'L' ? 'L' : `#${nth.which}`}`;
  if (weekdays.size > 0) return `* ${month} ${write([...weekdays])}`;
  if (days.size > 0) return `${writeDays(days)} ${month} *`;
  if (every?.unit === 'week') return `* ${month} 0`;
  const isRarer = every !== null && every.unit !== 'day';
  const isMonthAlone = every !== null && months.size > 0 && phrase.every === null;
  if (isMonthAlone && (phrase.times.length > 0 || phrase.dayPart !== null))
    throw new UnsupportedSchedule(
      'A time in a month needs a day: use every day in june at 9am, or on june 1st at 9am, for example.',
    );
  return `${isRarer || isMonthAlone ? '1' : '*'} ${month} *`;
}

function checkDays({ nth, weekdays, days, months }: Phrase, every: Interval | null): void {
  const ways = [nth !== null, weekdays.size > 0, days.size > 0].filter(Boolean).length;
  if (ways > 1)
    throw new UnsupportedSchedule('Days of the week and days of the month need separate schedules.');
  const unit = every?.unit ?? 'day';
  if (weekdays.size > 0 && ['month', 'quarter', 'year'].includes(unit)) {
    throw new UnsupportedSchedule('Name which of these weekdays: first monday of the month.');
  }
  if (months.size > 0 && unit === 'month' && (every?.amount ?? 1) > 1)
    throw new UnsupportedSchedule('Use either an interval of months or their names.');
  if (unit === 'week' && (nth !== null || days.size > 0)) {
    throw new UnsupportedSchedule('A day of the month does not occur every week.');
  }
}

/** A quarter and a year begin in their first month. Their last day, or last friday, is in their last month. */
function monthOf({ nth, days }: Phrase, every: Interval | null): string {
  const length = every?.unit === 'year' ? 12 : every?.unit === 'month' ? every.amount : 1;
  if (length === 1) return '*';
  if (!days.has('L') && nth?.which !== 'L') return length === 12 ? '1' : `*/${length}`;
  if (days.size > 1)
    throw new UnsupportedSchedule('The first and the last day of several months need separate schedules.');
  return write(Array.from({ length: 12 / length }, (_, index) => (index + 1) * length));
}

function writeDays(days: ReadonlySet<number | 'L'>): string {
  const numbers = [...days].filter((day) => day !== 'L');
  return [...(numbers.length > 0 ? [write(numbers)] : []), ...(days.has('L') ? ['L'] : [])].join(',');
}

/** Writes values in ascending order, and three or more consecutive values as a range. */
function write(values: readonly number[]): string {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end += 1;
    if (end - start < 2) end = start;
    parts.push(end === start ? `${sorted[start]}` : `${sorted[start]}-${sorted[end]}`);
    start = end + 1;
  }
  return parts.join(',');
}
