import { toString as describeCron } from 'cronstrue';
import { BadSchedule } from './bad-schedule.js';
import { looksLikeCron, parseCron } from './cron.js';
import { parseEnglish } from './english/english.js';
import { openRecurrence } from './recurrence.js';
import { noteTraps } from './traps.js';

/** The longest schedule. People do not write longer ones. */
const MAX_LENGTH = 200;

/** A parsed schedule. */
export interface Schedule {
  /** The checked and normalized cron expression of five fields. */
  readonly cron: string;
  /** The schedule in plain English. */
  readonly text: string;
}

/**
 * Parses a schedule: a cron expression of five fields, a nickname such as `@daily`, or English.
 * @throws {BadSchedule} for a text that is not understood or not supported, and for dates that never occur, such as
 * 30 February.
 */
export function parseSchedule(written: string): Schedule {
  const text = written.trim();
  if (text === '') throw new BadSchedule(written, 'It is empty.');
  if (text.length > MAX_LENGTH) throw new BadSchedule(text, `It has more than ${MAX_LENGTH} characters.`);
  const cron = looksLikeCron(text) ? parseCron(text) : parseEnglish(text);
  if (!occurs(cron)) throw new BadSchedule(text, 'It is never due, because no year has such a day.');
  return { cron, text: describeSchedule(cron) };
}

/** Describes a checked cron expression in plain English. */
export function describeSchedule(cron: string): string {
  const words = describeCron(cron, { use24HourTimeFormat: true });
  // The library writes "on day the last day and 15".
  return words.replace(/\bon day the last day(,| and) /, 'on the last day$1 day ') + noteTraps(cron);
}

/** Whether the expression is ever due. */
function occurs(cron: string): boolean {
  try {
    return openRecurrence({ cron, timeZone: 'UTC' })(0) !== null;
  } catch {
    // cron-parser throws for most days that no month has.
    return false;
  }
}
