import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listDueTimes, openRecurrence } from '../../../src/domain/schedule/recurrence.js';
import { parseSchedule } from '../../../src/domain/schedule/schedule.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Eight years with two leap years. */
const FIRST = Date.UTC(2023, 11, 31, 23, 59);
const LAST = Date.UTC(2031, 11, 31, 23, 59);

function timesOf(cron: string, count: number): Date[] {
  const next = openRecurrence({ cron, timeZone: 'UTC' });
  return listDueTimes(next, { afterMs: FIRST, upToMs: LAST, count }).map((ms) => new Date(ms));
}

/** Whether all gaps between the values are equal. */
function isEven(values: readonly number[]): boolean {
  const gaps = values.slice(1).map((value, index) => value - (values[index] ?? 0));
  return new Set(gaps).size <= 1;
}

const steps = (min: number, max: number) =>
  fc
    .tuple(
      fc.constantFrom(
        '*',
        `${min}-${max}`,
        ...Array.from({ length: max - min + 1 }, (_, i) => String(min + i)),
      ),
      fc.integer({ min: 2, max: max - min }),
    )
    .map(([first, step]) => `${first}/${step}`);
const monthField = fc.oneof(
  fc.constant('*'),
  steps(1, 12),
  fc
    .uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 })
    .map((months) => months.join(',')),
);

describe('the text of random schedules', () => {
  it.each([
    {
      unit: 'hour',
      field: steps(0, 59),
      cronOf: (step: string) => `${step} * * * *`,
      toNumber: (at: Date) => at.getTime() / MINUTE,
    },
    {
      unit: 'day',
      field: steps(0, 23),
      cronOf: (step: string) => `0 ${step} * * *`,
      toNumber: (at: Date) => at.getTime() / HOUR,
    },
    {
      unit: 'week',
      field: steps(0, 6),
      cronOf: (step: string) => `0 0 * * ${step}`,
      toNumber: (at: Date) => at.getTime() / DAY,
    },
    {
      unit: 'year',
      field: steps(1, 12),
      cronOf: (step: string) => `0 0 1 ${step} *`,
      toNumber: (at: Date) => at.getUTCFullYear() * 12 + at.getUTCMonth(),
    },
    {
      unit: 'month',
      field: steps(1, 31),
      cronOf: (step: string) => `0 0 ${step} * *`,
      toNumber: (at: Date) => at.getTime() / DAY,
    },
  ])('says that an interval restarts each $unit if its gaps differ', ({ unit, field, cronOf, toNumber }) => {
    fc.assert(
      fc.property(field, (step) => {
        const { cron, text } = parseSchedule(cronOf(step));
        const isUneven = !isEven(timesOf(cron, 200).map(toNumber));
        if (isUneven) expect(text).toContain(`restarting each ${unit}`);
      }),
      { numRuns: 150 },
    );
  });

  it('does not say so of intervals that are even', () => {
    for (const schedule of ['*/15 * * * *', '5/15 * * * *', '0 */6 * * *', '0 0 1 */3 *', '0 0 1 2/3 *'])
      expect(parseSchedule(schedule).text).not.toContain('restarting');
  });

  it('names the months and years in which a day of the month does not occur', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31 }), monthField, (day, months) => {
        const expected = new Set(
          timesOf(parseSchedule(`0 0 1 ${months} *`).cron, 1_000).map((at) => at.toISOString().slice(0, 7)),
        );
        let parsed: ReturnType<typeof parseSchedule>;
        try {
          parsed = parseSchedule(`0 0 ${day} ${months} *`);
        } catch (error) {
          expect(String(error)).toContain('It is never due');
          return;
        }
        for (const at of timesOf(parsed.cron, 1_000)) expected.delete(at.toISOString().slice(0, 7));
        const isNoted = /in months that have it|not in [A-Z]|leap years/.test(parsed.text);
        expect(isNoted).toBe(expected.size > 0);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['every quarter on the 31st', 'not in April'],
    ['0 0 30 1-4 *', 'not in February'],
    ['0 0 29 2 *', 'only in leap years'],
    ['0 0 29 1,2 *', 'in February only in leap years'],
    ['0 0 28,31 4,5 *', '(day 31 not in April)'],
    ['0 0 29,30 1-4 *', '(day 29 in February only in leap years) (day 30 not in February)'],
    ['0 0 31,L * *', '(day 31 in months that have it)'],
    ['0 0 L,15 * *', 'on the last day and day 15 of the month'],
    ['0 0 29 2 1', '(the day of the month only in leap years) (either day is enough)'],
    ['0 0 31 4,6 1', '(the day of the month not in April, June) (either day is enough)'],
    ['0 0 1 * 5#5', '(the fifth weekday in months that have it) (either day is enough)'],
    ['0 0 31 * *', 'in months that have it'],
    ['0 0 * * 1#5', 'in months that have it'],
    ['0 0 1 */5 *', 'restarting each year'],
    ['0 0 * * */3', 'restarting each week'],
    ['0 0-23/5 * * *', 'restarting each day'],
  ])('%s says: %s', (schedule, note) => {
    expect(parseSchedule(schedule).text).toContain(note);
  });

  it.each(['at 9am in june', 'every june at 9', 'in june in the morning'])(
    'does not exist for "%s", which leaves the day open',
    (schedule) => {
      expect(() => parseSchedule(schedule)).toThrow('A time in a month needs a day');
    },
  );
});
