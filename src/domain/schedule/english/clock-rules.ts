import { addMinute, addTime, type Phrase, setDayPart, type TimeOfDay } from './phrase.js';
import { parseTimeOfDay } from './time.js';
import { UnsupportedSchedule } from './unsupported-schedule.js';
import type { WordReader } from './word-reader.js';
import { DAY_PARTS, MONTHS, TO, WEEKDAYS } from './words.js';

/** Reads `from 9 to 17`, `between 9am and 5pm`, `9-17`. */
export function readHours(reader: WordReader, phrase: Phrase): boolean {
  const isSaid = ['from', 'between'].includes(reader.peek() ?? '');
  const ahead = isSaid ? 1 : 0;
  const from = parseTimeOfDay(reader.peek(ahead) ?? '', true);
  const to = parseTimeOfDay(reader.peek(ahead + 2) ?? '', true);
  const isRange = [...TO, ...(isSaid ? ['and'] : [])].includes(reader.peek(ahead + 1) ?? '');
  if (from !== null && to !== null && isRange) {
    if (phrase.hours !== null) throw new UnsupportedSchedule('Use only one range of hours.');
    phrase.hours = checkHours(from, to);
    reader.skip(ahead + 3);
    return true;
  }
  const isOfDays = isSaid && (WEEKDAYS.has(reader.peek(1) ?? '') || MONTHS.has(reader.peek(1) ?? ''));
  if (isOfDays) reader.skip();
  return isOfDays;
}

/** Accepts "from 22 to 6", which includes the night. Refuses "from 9 to 5", which probably means 17. */
function checkHours(from: TimeOfDay, to: TimeOfDay): { readonly from: TimeOfDay; readonly to: TimeOfDay } {
  if (from.hour === to.hour && from.minute === to.minute)
    throw new UnsupportedSchedule('The range of hours is empty.');
  if (from.hour <= 12 && to.hour < from.hour && !to.exact) {
    const said = `from ${from.hour}${from.hour === 12 ? 'pm' : 'am'} to ${to.hour}pm`;
    throw new UnsupportedSchedule(
      `It is unclear whether ${to.hour} is in the afternoon or at night. Use ${said}, for example.`,
    );
  }
  return { from, to };
}

/** Reads `morning`, `afternoons`, `night`. */
export function readDayPart(reader: WordReader, phrase: Phrase): boolean {
  const part = DAY_PARTS.get((reader.peek() ?? '').replace(/s$/, ''));
  if (part === undefined) return false;
  reader.skip();
  return setDayPart(phrase, part);
}

/** Reads `:15`, `15 past the hour`, `half past every hour`, `on the half hour`, `half past 9`. */
export function readMinutesPast(reader: WordReader, phrase: Phrase): boolean {
  const colon = /^:(\d{2})$/.exec(reader.peek() ?? '');
  if (colon !== null) {
    reader.skip();
    return addMinute(phrase, Number(colon[1]));
  }
  if (readOnTheHour(reader, phrase)) return true;
  const start = reader.peek() === 'a' ? 1 : 0;
  const minute = toMinutes(reader.peek(start) ?? '');
  const ahead = start + (['minute', 'minutes', 'min'].includes(reader.peek(start + 1) ?? '') ? 2 : 1);
  if (minute === null || !['past', 'after'].includes(reader.peek(ahead) ?? '')) return false;
  const isEachHour = ['the', 'every', 'each'].includes(reader.peek(ahead + 1) ?? '');
  if (isEachHour && reader.peek(ahead + 2) === 'hour') {
    reader.skip(ahead + 3);
    phrase.every ??= { amount: 1, unit: 'hour' };
    return addMinute(phrase, minute);
  }
  if (readTimePast(reader, phrase, minute, ahead + 1)) return true;
  if (phrase.every?.unit !== 'hour') return false;
  reader.skip(ahead + 1);
  return addMinute(phrase, minute);
}

/** Reads `on the hour` and `on the half hour` after an interval of hours. */
function readOnTheHour(reader: WordReader, phrase: Phrase): boolean {
  const isHalf = reader.peek(2) === 'half';
  const isOn = reader.peek() === 'on' && reader.peek(1) === 'the' && reader.peek(isHalf ? 3 : 2) === 'hour';
  if (!isOn || phrase.every?.unit !== 'hour') return false;
  reader.skip(isHalf ? 4 : 3);
  return addMinute(phrase, isHalf ? 30 : 0);
}

function toMinutes(word: string): number | null {
  if (word === 'half') return 30;
  if (word === 'quarter') return 15;
  return /^\d{1,2}$/.test(word) ? Number(word) : null;
}

/** Reads the `9` of `half past 9`. */
function readTimePast(reader: WordReader, phrase: Phrase, minute: number, ahead: number): boolean {
  const time = parseTimeOfDay(reader.peek(ahead) ?? '', true);
  if (time === null || time.minute !== 0) return false;
  reader.skip(ahead + 1);
  return addTime(phrase, { ...time, minute });
}

/** Reads `at 9`, `9am`, `at 9 and 17`. A bare number is a time only after `at` or after another time. */
export function readTime(reader: WordReader, phrase: Phrase): boolean {
  const previous = reader.peek(-1) ?? '';
  const followsTime = previous === 'and' && phrase.times.length > 0 && isTime(reader.peek(-2) ?? '');
  const time = parseTimeOfDay(reader.peek() ?? '', previous === 'at' || followsTime);
  if (time === null) return false;
  reader.skip();
  return addTime(phrase, time);
}

function isTime(word: string): boolean {
  return parseTimeOfDay(word, true) !== null;
}
