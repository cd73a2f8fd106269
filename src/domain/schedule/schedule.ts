import { toString as describeCron } from 'cronstrue';
import { BadSchedule } from './bad-schedule.js';
import { looksLikeCron, parseCron } from './cron.js';
import { parseEnglish } from './english/english.js';
import { openRecurrence } from './recurrence.js';

/** Longer than any schedule that a person writes. */
const MAX_LENGTH = 200;

/** A schedule that is understood. */
export interface Schedule {
  /** Five fields, checked and in one form. */
  readonly cron: string;
  /** Plain English, whatever it was written in. */
  readonly text: string;
}

/**
 * Reads a schedule: a cron expression of five fields, a nickname such as `@daily`, or English.
 * @throws {BadSchedule} for what can't be understood or said, and for what never occurs, such as 30 February.
 */
export function parseSchedule(written: string): Schedule {
  const text = written.trim();
  if (text === '') throw new BadSchedule(written, 'It is empty.');
  if (text.length > MAX_LENGTH) throw new BadSchedule(text, `It may have ${MAX_LENGTH} characters.`);
  const cron = looksLikeCron(text) ? parseCron(text) : parseEnglish(text);
  if (!occurs(cron)) throw new BadSchedule(text, 'No year has such a day, so it would never come.');
  return { cron, text: describeSchedule(cron) };
}

/** A checked cron expression in plain English. */
export function describeSchedule(cron: string): string {
  return `${describeCron(cron, { use24HourTimeFormat: true })}${noteTraps(cron)}`;
}

/** Leap days are eight years apart at most. */
function occurs(cron: string): boolean {
  try {
    return openRecurrence({ cron, timeZone: 'UTC' })(0) !== null;
  } catch {
    // The library says so by itself for most of the days that no month has.
    return false;
  }
}

/**
 * A step counts anew in each hour, day or month; where it does not fit evenly, "every 7 minutes" is not the whole truth.
 * Nor is "on day 13 and on Friday": one of the two is enough. And not every month has a day 31.
 */
function noteTraps(cron: string): string {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.split(' ');
  const anew = [
    isUneven(minute, 60) ? 'hour' : null,
    isUneven(hour, 24) ? 'day' : null,
    /^(\*|\d+)\/\d+$/.test(day) ? 'month' : null,
  ].filter((unit) => unit !== null);
  const isNotInAll = month === '*' && day.split(',').some((each) => /^(29|30|31)$/.test(each));
  return [
    isNotInAll ? ' (in months that have it)' : '',
    day !== '*' && weekday !== '*' ? ' (either day is enough)' : '',
    anew.length > 0 ? `, counted anew each ${anew.join(' and ')}` : '',
  ].join('');
}

function isUneven(field: string, size: number): boolean {
  const [, start, step] = /^(\*|\d+)\/(\d+)$/.exec(field) ?? [];
  return (
    step !== undefined && (size % Number(step) !== 0 || Number(start === '*' ? 0 : start) >= Number(step))
  );
}
