import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  listDueTimes,
  listLatestDueTimes,
  openRecurrence,
  type Recurrence,
} from '../../../src/domain/schedule/recurrence.js';
import { parseSchedule } from '../../../src/domain/schedule/schedule.js';
import { offsetAt } from '../../../src/domain/schedule/time-zone.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function timesOf(cron: string, timeZone: string, from: string, count: number): string[] {
  return listDueTimes(openRecurrence({ cron, timeZone }), { afterMs: Date.parse(from), count }).map((time) =>
    new Date(time).toISOString().replace(':00.000Z', 'Z'),
  );
}

/** Clock changes: by an hour at night and at midnight, by half an hour, by two hours, and a skipped day. */
const JUMPS: readonly [zone: string, around: string][] = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['Africa/Cairo', '2026-04-23T22:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Africa/Casablanca', '2026-03-22T02:00Z'],
  ['Antarctica/Troll', '2026-03-29T01:00Z'],
  ['Antarctica/Troll', '2026-10-25T01:00Z'],
  ['America/Santiago', '2026-09-06T04:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Asia/Kolkata', '2026-03-01T00:00Z'],
  ['UTC', '2024-02-28T00:00Z'],
  ['Asia/Kathmandu', '2026-12-31T18:15Z'],
];

const numbers = (min: number, max: number) =>
  fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((list) => list.join(','));
const field = (min: number, max: number, weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant('*') }, { weight: 2, arbitrary: numbers(min, max) });
const minuteField = fc.oneof(numbers(0, 59), fc.constantFrom('0', '30', '*/15', '*/20', '*'));
const hourField = fc.oneof(
  { weight: 2, arbitrary: fc.constant('*') },
  fc.constantFrom('0-3', '1', '2', '3', '*/2', '0'),
  numbers(0, 23),
);
const crons = fc
  .tuple(minuteField, hourField, field(1, 28, 6), field(1, 12, 8), field(0, 6, 6))
  .map((fields) => fields.join(' '));

const recurrences = fc.tuple(crons, fc.constantFrom(...JUMPS)).map(([cron, [timeZone, around]]) => ({
  cron,
  timeZone,
  aroundMs: Date.parse(around),
}));

/** Compares the wall clock with the fields of a cron expression. Simple, for a search minute by minute. */
function matches(cron: string, wallMs: number): boolean {
  const wall = new Date(wallMs);
  const values = [
    wall.getUTCMinutes(),
    wall.getUTCHours(),
    wall.getUTCDate(),
    wall.getUTCMonth() + 1,
    wall.getUTCDay(),
  ];
  const fields = cron.split(' ');
  const holds = fields.map((text, index) => holdsIn(text, values[index] ?? 0));
  const dayIsFree = fields[2] === '*' || fields[4] === '*';
  const isDay = dayIsFree ? holds[2] && holds[4] : holds[2] || holds[4];
  return Boolean(holds[0] && holds[1] && holds[3] && isDay);
}

function holdsIn(text: string, value: number): boolean {
  return text.split(',').some((part) => {
    const step = /^\*\/(\d+)$/.exec(part);
    if (step) return value % Number(step[1]) === 0;
    const range = /^(\d+)-(\d+)$/.exec(part);
    if (range) return value >= Number(range[1]) && value <= Number(range[2]);
    return part === '*' || value === Number(part);
  });
}

/** The due times after `from` and up to `to`, found by a check of each minute. */
function bruteForce({ cron, timeZone }: Recurrence, from: number, to: number): number[] {
  const everyHour =
    cron.split(' ')[1] === '*' ||
    Array.from({ length: 24 }, (_, hour) => hour).every((hour) => holdsIn(cron.split(' ')[1] ?? '', hour));
  const seen = new Set<number>();
  const due: number[] = [];
  // Starts two days earlier, to know which wall-clock times have already occurred.
  for (let at = from - 2 * DAY; at <= to; at += 60_000) {
    const offset = offsetAt(timeZone, at);
    const jump = offset - offsetAt(timeZone, at - 60_000);
    const wall = at + offset;
    let isDue = matches(cron, wall) && (everyHour || !seen.has(wall));
    seen.add(wall);
    if (jump > 0 && !(everyHour && jump % HOUR === 0)) {
      for (let lost = wall - jump; lost < wall; lost += 60_000) isDue ||= matches(cron, lost);
    }
    if (isDue && at > from) due.push(at);
  }
  return due;
}

const window = { numRuns: 40 };

describe('due times', () => {
  it('are the ones that a check of every minute finds, across every kind of clock change', () => {
    fc.assert(
      fc.property(recurrences, fc.integer({ min: -30, max: 10 }), ({ aroundMs, ...recurrence }, hours) => {
        const from = aroundMs + hours * HOUR;
        const to = from + 1.5 * DAY;
        const found = listDueTimes(openRecurrence(recurrence), { afterMs: from, upToMs: to, count: 10_000 });
        expect(found).toEqual(bruteForce(recurrence, from, to));
      }),
      window,
    );
  });

  it('in (a, c] are those in (a, b] and those in (b, c], in ascending order', () => {
    fc.assert(
      fc.property(
        recurrences,
        fc.array(fc.integer({ min: -3 * DAY, max: 3 * DAY }), { minLength: 3, maxLength: 3 }),
        ({ aroundMs, ...recurrence }, shifts) => {
          const next = openRecurrence(recurrence);
          const [a = 0, b = 0, c = 0] = shifts.sort((x, y) => x - y).map((shift) => aroundMs + shift);
          const over = (afterMs: number, upToMs: number) =>
            listDueTimes(next, { afterMs, upToMs, count: 10_000 });
          const whole = over(a, c);
          expect([...over(a, b), ...over(b, c)]).toEqual(whole);
          expect(whole.every((time, index) => index === 0 || time > (whole[index - 1] ?? 0))).toBe(true);
        },
      ),
      window,
    );
  });

  it('listed as the latest are the last of all due times', () => {
    fc.assert(
      fc.property(
        recurrences,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 5 * DAY }),
        ({ aroundMs, ...recurrence }, count, spanMs) => {
          const next = openRecurrence(recurrence);
          const range = { afterMs: aroundMs - spanMs, upToMs: aroundMs + DAY };
          const all = listDueTimes(next, { ...range, count: 100_000 });
          expect(listLatestDueTimes(next, { ...range, count })).toEqual(all.slice(-count));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('listed as the latest are found without computing all due times', () => {
    const next = openRecurrence({ cron: '* * * * *', timeZone: 'UTC' });
    let looks = 0;
    const counted = (afterMs: number) => {
      looks += 1;
      return next(afterMs);
    };
    const upToMs = Date.parse('2026-11-22T13:05Z');
    const latest = listLatestDueTimes(counted, { afterMs: upToMs - 365 * DAY, upToMs, count: 100 });
    expect(latest).toHaveLength(100);
    expect(looks).toBeLessThan(1_000);
  });
});

describe('when the clocks are set forward', () => {
  it('a skipped time is due once, at the instant of the change', () => {
    expect(timesOf('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    expect(timesOf('0,15,30 2 * * *', 'Europe/Berlin', '2026-03-29T00:00Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:00Z',
    ]);
  });

  it('a skipped midnight is treated as any other hour', () => {
    expect(timesOf('0 0 * * *', 'Africa/Cairo', '2026-04-23T00:00Z', 2)).toEqual([
      '2026-04-23T22:00Z',
      '2026-04-24T21:00Z',
    ]);
  });

  it('by half an hour, no due time within it is lost', () => {
    expect(timesOf('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', 2)).toEqual([
      '2026-10-03T15:30Z',
      '2026-10-04T15:15Z',
    ]);
  });

  it('a schedule of every hour continues an hour later', () => {
    expect(timesOf('15 * * * *', 'Europe/Berlin', '2026-03-29T00:00Z', 3)).toEqual([
      '2026-03-29T00:15Z',
      '2026-03-29T01:15Z',
      '2026-03-29T02:15Z',
    ]);
  });
});

describe('when the clocks are set back', () => {
  it('a time that occurs twice is due the first time only', () => {
    expect(timesOf('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
    expect(timesOf('45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00Z', 2)).toEqual([
      '2026-04-04T14:45Z',
      '2026-04-05T15:15Z',
    ]);
  });

  it('a schedule of every hour is due in the repeated hour as well', () => {
    expect(timesOf('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:15Z', 4)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:00Z',
    ]);
    expect(timesOf('*/15 * * * *', 'Australia/Lord_Howe', '2026-04-04T14:40Z', 4)).toEqual([
      '2026-04-04T14:45Z',
      '2026-04-04T15:00Z',
      '2026-04-04T15:15Z',
      '2026-04-04T15:30Z',
    ]);
  });
});

describe('the calendar', () => {
  it('has leap days every four years but not in 2100', () => {
    expect(timesOf('0 0 29 2 *', 'UTC', '2095-01-01T00:00Z', 2)).toEqual([
      '2096-02-29T00:00Z',
      '2104-02-29T00:00Z',
    ]);
  });

  it('has months of different lengths', () => {
    expect(timesOf('0 0 L * *', 'UTC', '2027-01-01T00:00Z', 4).map((time) => time.slice(5, 10))).toEqual([
      '01-31',
      '02-28',
      '03-31',
      '04-30',
    ]);
    expect(timesOf('0 0 31 * *', 'UTC', '2027-01-01T00:00Z', 3).map((time) => time.slice(5, 10))).toEqual([
      '01-31',
      '03-31',
      '05-31',
    ]);
  });

  it('accepts either day if both a day of the month and a weekday are given', () => {
    expect(timesOf('0 0 13 * 5', 'UTC', '2026-03-01T00:00Z', 3).map((time) => time.slice(5, 10))).toEqual([
      '03-06',
      '03-13',
      '03-20',
    ]);
  });

  it('counts the weekdays of a month from the first and from the last', () => {
    expect(timesOf('0 9 * * 1#1', 'Europe/Berlin', '2026-11-01T00:00Z', 2)).toEqual([
      '2026-11-02T08:00Z',
      '2026-12-07T08:00Z',
    ]);
    expect(timesOf('0 9 * * 5L', 'Europe/Berlin', '2026-11-01T00:00Z', 1)).toEqual(['2026-11-27T08:00Z']);
  });

  it('ends with the year 9999', () => {
    const next = openRecurrence({ cron: '0 0 1 1 *', timeZone: 'UTC' });
    expect(next(Date.parse('9999-06-01T00:00Z'))).toBeNull();
  });
});

it('every schedule by local time is due at that local time', () => {
  const { cron } = parseSchedule('every weekday at 9am');
  const next = openRecurrence({ cron, timeZone: 'America/New_York' });
  const times = listDueTimes(next, { afterMs: Date.parse('2026-01-01T00:00Z'), count: 300 });
  const walls = times.map((time) => new Date(time + offsetAt('America/New_York', time)));
  expect(walls.every((wall) => wall.getUTCHours() === 9 && wall.getUTCMinutes() === 0)).toBe(true);
  expect(new Set(walls.map((wall) => wall.getUTCDay()))).toEqual(new Set([1, 2, 3, 4, 5]));
});
