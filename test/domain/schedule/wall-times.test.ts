import { CronExpressionParser } from 'cron-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWallTimes } from '../../../src/domain/schedule/wall-times.js';

const start = Date.parse('2026-11-22T13:05:30.250Z');

function list(cron: string, afterMs: number, count: number): string[] {
  const times = openWallTimes(cron);
  const found: string[] = [];
  let at = times.next(afterMs);
  while (at !== null && found.length < count) {
    found.push(new Date(at).toISOString());
    at = times.next(at);
  }
  return found;
}

const days = fc.oneof(fc.constantFrom('*', 'L', '1', '13', '28-31', '1,15,L'), fc.constant('*'));
const weekdays = fc.constantFrom('*', '0', '5', '1-5', '5-7', '1#1', '5#5', '0#3', '5L', '1,3L', '0L');
const crons = fc
  .tuple(
    fc.constantFrom('0', '30', '*/20', '5,50'),
    fc.constantFrom('0', '9', '*/6', '*', '23'),
    days,
    fc.constantFrom('*', '1', '2', '6-8', '4,12'),
    weekdays,
  )
  .map((fields) => fields.join(' '));

describe('the wall-clock times of a cron expression', () => {
  it('are those that cron-parser finds day by day', () => {
    fc.assert(
      fc.property(crons, fc.integer({ min: 0, max: 400 }), (cron, day) => {
        const from = start + day * 86_400_000;
        const expression = CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: new Date(from) });
        expect(list(cron, from, 5)).toEqual(
          Array.from({ length: 5 }, () => new Date(expression.next().getTime()).toISOString()),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('of a leap day with a weekday are found although centuries lie between them', () => {
    const isFriday = (year: number) => new Date(Date.UTC(year, 1, 29)).getUTCDay() === 5;
    const years = Array.from({ length: 1_500 }, (_, index) => 2027 + index).filter(
      (year) => new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1 && isFriday(year),
    );
    expect(list('0 0 * 2 5#5', start, 50)).toEqual(
      years.slice(0, 50).map((year) => `${year}-02-29T00:00:00.000Z`),
    );
  });

  it('of rare schedules take no noticeable time', () => {
    const startedAt = performance.now();
    for (let index = 0; index < 100; index += 1) list('0 0 * 2 5#5', start, 50);
    // Day by day, one of these lists took 700 ms.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('of days that no year has do not exist', () => {
    expect(openWallTimes('0 0 31 * 1#5').next(start)).not.toBeNull();
    expect(() => openWallTimes('0 0 30 2 *')).toThrow();
  });
});
