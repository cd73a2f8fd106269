import { describe, expect, it } from 'vitest';
import { BadSchedule } from '../../../src/domain/schedule/bad-schedule.js';
import { describeSchedule, parseSchedule } from '../../../src/domain/schedule/schedule.js';
import { PHRASES } from './english/phrases.js';

const phrases = PHRASES.flatMap((topic) => topic.phrases);

/** The refusal of a schedule, without the examples. */
function refusalOf(schedule: string): string {
  try {
    const { cron } = parseSchedule(schedule);
    return `understood as ${cron}`;
  } catch (error) {
    if (!(error instanceof BadSchedule)) throw error;
    expect(error).toMatchObject({ code: 'BAD_SCHEDULE', path: ['schedule'] });
    expect(error.message).toMatch(/ Write for example: .*every weekday at 9am/);
    return error.message.replace(/^.*? is not a schedule\. /s, '').replace(/ Write for example: .*/, '');
  }
}

describe('a schedule in English', () => {
  it.each(phrases)('%s is %s', (phrase, cron) => {
    expect(parseSchedule(phrase).cron).toBe(cron);
  });

  it('may have capital letters, extra spaces and a full stop', () => {
    for (const [phrase, cron] of phrases)
      expect(parseSchedule(`  ${phrase.toUpperCase()}. `).cron).toBe(cron);
  });

  it.each([
    ['every 7 minutes', ['every 6 minutes', 'every 10 minutes']],
    ['every 45 minutes', ['every 30 minutes', 'every hour']],
    ['every 90 minutes', ['every hour', 'every 2 hours']],
    ['every 1000 minutes', ['every 6 hours', 'every day']],
    ['every 5 hours', ['every 4 hours', 'every 6 hours']],
    ['every 36 hours', ['every day']],
    ['every 2 days', ['every day', 'every monday, wednesday and friday']],
    ['every 2 weeks', ['every week', 'on the 1st and 15th of every month']],
    ['every 5 months', ['every 4 months', 'every 6 months']],
    ['every 2 years', ['every year']],
  ])('%s is refused with similar intervals that are supported', (phrase, near) => {
    expect(refusalOf(phrase)).toContain(`is not supported. Similar intervals: ${near.join('; ')}.`);
    for (const each of near) expect(refusalOf(each)).toMatch(/^understood/);
  });

  it.each([
    ['every day at 25', 'I understand "every day at", but not "25".'],
    ['every day at 9 in Berlin', 'I understand "every day at 9 in", but not "berlin".'],
    ['every mondy', 'I understand "every", but not "mondy". Did you mean monday?'],
    ['evry day', '"evry" is not understood. Did you mean every?'],
    ['every day except sunday', 'I understand "every day", but not "except".'],
    ['every day at 9am starting tomorrow', 'I understand "every day at 9am", but not "starting".'],
    ['every day at 9am Europe/Berlin', 'but not "europe/berlin". Set the time zone with timeZone.'],
    ['every day at 9am utc', 'but not "utc". Set the time zone with timeZone.'],
    ['TZ=UTC 0 9 * * *', '"tz=utc" is not understood. Set the time zone with timeZone.'],
    ['never', '"never" is not understood.'],
    ['end of day', '"end" is not understood.'],
    ['last week of the month', 'I understand "last", but not "week".'],
    ['каждый день', '"каждый" is not understood.'],
    ['every ５ minutes', 'I understand "every", but not "５".'],
    ['every -5 minutes', 'I understand "every", but not "-5".'],
    ['every 1000000000 minutes', 'I understand "every", but not "1000000000".'],
    ['in 5 minutes', 'I understand "in", but not "5".'],
    ['9', '"9" is not understood.'],
    ['2h', '"2h" is not understood.'],
    ['at', 'It does not say when.'],
    ['every', 'It does not say when.'],
  ])('%s is refused with the understood words and the unknown one', (phrase, message) => {
    expect(refusalOf(phrase).endsWith(message), refusalOf(phrase)).toBe(true);
  });

  it.each([
    ['every other day', 'every other'],
    ['every second monday', 'every other'],
    ['every 2nd monday', 'every other'],
    ['weekends to mondays', 'single first and last day'],
    ['every second', 'every other'],
    ['every 30 seconds', 'The shortest interval is a minute'],
    ['every 0 minutes', '1 or more'],
    ['every 3 mondays', '"every 3" needs a unit'],
    ['first weekday of the month', 'a single weekday'],
    ['1st monday and 3rd tuesday of the month', 'separate schedules'],
    ['6th monday of the month', 'at most five times'],
    ['monthly on monday', 'first monday of the month'],
    ['weekly on the 15th', 'does not occur every week'],
    ['every friday the 13th', 'separate schedules'],
    ['at 9:00 and 17:30', 'separate schedules'],
    ['every 2 hours at 9am', 'no time of day'],
    ['every day from 9 to 17', 'needs an interval'],
    ['every hour from 9:30 to 17:00', 'full hours'],
    ['every 5 minutes at :15', 'Use either'],
    ['daily at :15', 'every hour'],
    ['hourly at :75', '0 to 59'],
    ['every morning at 8pm', 'is not in that part'],
    ['every morning and evening', 'only one part of the day'],
    ['every day every week', 'both every day and every week'],
    ['on the 32nd', 'No month has a day 32'],
    ['on february 30th', 'never due'],
    ['second', '"second" needs a weekday or a month'],
    ['weekdays at 9am and weekends at 11am', 'separate schedules'],
    ['every monday at 9 and friday at 17', 'separate schedules'],
    ['on january 5 and march 10', 'separate schedules'],
    ['on the 1st at 9 and on the 15th at 17', 'separate schedules'],
    ['mondays in june and tuesdays in july', 'separate schedules'],
    ['on the 1st and the last day of every quarter', 'separate schedules'],
    ['every hour between 9 and 5', 'from 9am to 5pm'],
    ['every hour between 9am and 5', 'from 9am to 5pm'],
    ['every 15 minutes from 9 to 9', 'range of hours is empty'],
    ['sunday nights at 2', 'two days'],
    ['nightly at 14:30', 'is not in that part'],
    ['every six months on jan 1', 'or their names'],
    ['last day of every quarter in may', 'or their names'],
    ['every week every hour', 'both every week and every hour'],
    ['twice a day', 'Name the times'],
    ['3 times a week', 'Name the times'],
    ['fortnightly', 'cron does not count weeks'],
    ['every fortnight', 'cron does not count weeks'],
    ['biweekly on monday', 'cron does not count weeks'],
  ])('%s is refused and not guessed', (phrase, message) => {
    expect(refusalOf(phrase)).toContain(message);
  });
});

describe('a schedule as a cron expression', () => {
  it.each([
    ['0 9 * * 1-5', '0 9 * * 1-5'],
    [' 0\t9  *\n* 1-5 ', '0 9 * * 1-5'],
    ['*/15 8-18/2 1,15 jan-mar MON', '*/15 8-18/2 1,15 1-3 1'],
    ['0 0 * * 7', '0 0 * * 0'],
    ['0 0 * * sun', '0 0 * * 0'],
    ['0 0 * * fri-sun', '0 0 * * 5-7'],
    ['0 0 * * 0,7', '0 0 * * 0'],
    ['0,0,30 * * * *', '0,30 * * * *'],
    ['*/20,*/30 * * * *', '0,20,30,40 * * * *'],
    ['*/1 * * * *', '* * * * *'],
    ['5/15 * * * *', '5/15 * * * *'],
    ['0 9 ? * 2', '0 9 * * 2'],
    ['0 0 l * *', '0 0 L * *'],
    ['0 0 * * friL', '0 0 * * 5L'],
    ['0 0 * * mon#2', '0 0 * * 1#2'],
    ['@daily', '0 0 * * *'],
    ['@Midnight', '0 0 * * *'],
    ['@hourly', '0 * * * *'],
    ['@weekly', '0 0 * * 0'],
    ['@monthly', '0 0 1 * *'],
    ['@yearly', '0 0 1 1 *'],
    ['@annually', '0 0 1 1 *'],
  ])('%s is %s', (written, cron) => {
    expect(parseSchedule(written).cron).toBe(cron);
  });

  it.each([
    ['', 'It is empty.'],
    [' \n ', 'It is empty.'],
    ['* * * *', 'but this one has 4.'],
    ['* * * * * *', 'but this one has 6. There are no fields for seconds and years'],
    ['0 0 1 1 * 2027', 'but this one has 6.'],
    ['5 5', 'but this one has 2.'],
    ['0 9 * * Monday', 'The weekday field does not accept "Monday": use 0 to 7, or sun, mon, tue ….'],
    ['0 9 * * * # at nine', 'but this one has 8.'],
    ['60 * * * *', 'The minute field does not accept "60": use 0 to 59.'],
    ['0 24 * * *', 'The hour field does not accept "24": use 0 to 23.'],
    ['0 0 0 * *', 'The day of the month field does not accept "0": use 1 to 31.'],
    ['0 0 * 13 *', 'The month field does not accept "13": use 1 to 12, or jan, feb, mar ….'],
    ['0 0 * * 8', 'The weekday field does not accept "8": use 0 to 7, or sun, mon, tue ….'],
    ['*/90 * * * *', 'does not accept "*/90": its step must be from 1 to 59'],
    ['*/0 * * * *', 'its step must be from 1 to 59'],
    ['50-10 * * * *', 'the range is backwards, from 50 to 10'],
    ['1,,2 * * * *', 'does not accept ""'],
    ['1- * * * *', 'does not accept "1-"'],
    ['H H * * *', 'does not accept "H"'],
    ['0 9 15W * *', 'does not accept "15W"'],
    ['0 0 * * 1#6', 'from 1 to 5'],
    ['0 0 * * 1#1,3#1', 'the only entry'],
    ['0 0 30 2 *', 'never due'],
    ['0 0 31 4,6 *', 'never due'],
    ['@reboot', 'The nicknames are @hourly, @daily'],
    [`0 ${'0,'.repeat(500)}0 * * *`, '200 characters'],
  ])('%s is refused with the field and the reason', (written, message) => {
    expect(refusalOf(written)).toContain(message);
  });

  it('accepts leap days, and days that only some months have', () => {
    expect(parseSchedule('0 0 29 2 *').cron).toBe('0 0 29 2 *');
    expect(parseSchedule('0 0 31 2,3 *').cron).toBe('0 0 31 2,3 *');
  });
});

describe('a schedule in plain English', () => {
  it.each([
    ['every weekday at 9am', 'At 09:00, Monday through Friday'],
    ['0 9,17 * * *', 'At 09:00 and 17:00'],
    ['first monday of the month at 10', 'At 10:00, on the first Monday of the month'],
    ['last day of the month', 'At 00:00, on the last day of the month'],
  ])('%s reads: %s', (written, text) => {
    expect(parseSchedule(written).text).toBe(text);
  });

  it('notes where a step restarts, because the interval is not even', () => {
    expect(describeSchedule('*/7 * * * *')).toBe('Every 7 minutes, restarting each hour');
    expect(describeSchedule('0 */5 * * *')).toMatch(/every 5 hours, restarting each day$/);
    expect(describeSchedule('0 0 */2 * *')).toMatch(/restarting each month$/);
    expect(describeSchedule('*/15 * * * *')).toBe('Every 15 minutes');
    expect(describeSchedule('5/15 * * * *')).not.toContain('restarting');
    expect(describeSchedule('20/15 * * * *')).toMatch(/restarting each hour$/);
    expect(describeSchedule('0 0/5 * * *')).toMatch(/restarting each day$/);
  });

  it('notes that not every month has such a day', () => {
    expect(describeSchedule('0 0 31 * *')).toBe('At 00:00, on day 31 of the month (in months that have it)');
    expect(describeSchedule('0 0 1,30 * *')).toMatch(/ \(day 30 in months that have it\)$/);
    for (const cron of ['0 0 28 * *', '0 0 31 1 *', '0 0 1-31 * *', '0 0 L * *', '31 * * * *'])
      expect(describeSchedule(cron)).not.toContain('have it');
  });

  it('notes that either day is enough, which most people do not expect', () => {
    expect(describeSchedule('0 0 13 * 5')).toBe(
      'At 00:00, on day 13 of the month, and on Friday (either day is enough)',
    );
    expect(describeSchedule('0 9 1,15 * 1-5')).toMatch(/Monday through Friday \(either day is enough\)$/);
    expect(describeSchedule('0 9 * * 1-5')).not.toContain('enough');
    expect(describeSchedule('0 9 1 * *')).not.toContain('enough');
  });
});
