import { readDayPart, readHours, readMinutesPast, readTime } from './clock-rules.js';
import { readDayNumber, readMonths, readOrdinal, readWeekdays, toOrdinal } from './day-rules.js';
import { type Interval, type Phrase, setDayPart, setEvery } from './phrase.js';
import { UnsupportedSchedule } from './unsupported-schedule.js';
import type { WordReader } from './word-reader.js';
import { ADVERBS, FILLERS, NIGHTLY, UNITS } from './words.js';

/** Reads the next words into the phrase. Returns false, and reads none, if it does not understand them. */
type Rule = (reader: WordReader, phrase: Phrase) => boolean;

const SECONDS = ['seconds', 'sec', 'secs'];

/** The rules in the order in which they are tried. Rules for more words come before rules for fewer. */
export const RULES: readonly Rule[] = [
  readMinutesPast,
  readEvery,
  readAdverb,
  readUnitOf,
  readHours,
  readOrdinal,
  readWeekdays,
  readMonths,
  readDayNumber,
  readDayPart,
  readTime,
  refuseCount,
  (reader) => reader.take(...FILLERS),
];

/** Reads `every 15 minutes`, `each day`, `every half hour`, and `every` before a day, which adds nothing. */
function readEvery(reader: WordReader, phrase: Phrase): boolean {
  if (!reader.take('every', 'each')) return false;
  if (reader.peek() === 'other')
    throw new UnsupportedSchedule('cron does not support "every other": name the days or hours.');
  const part = readPartOfHour(reader);
  if (part !== null) return setEvery(phrase, part);
  const amount = readAmount(reader);
  const unit = UNITS.get(reader.peek() ?? '');
  if (unit !== undefined) {
    reader.skip();
    return setEvery(phrase, { amount: amount ?? 1, unit });
  }
  if (SECONDS.includes(reader.peek() ?? ''))
    throw new UnsupportedSchedule('The shortest interval is a minute.');
  if (amount !== null)
    throw new UnsupportedSchedule(`"every ${amount}" needs a unit: use every ${amount} hours, for example.`);
  return true;
}

function readPartOfHour(reader: WordReader): Interval | null {
  const word = reader.peek();
  if (word !== 'half' && word !== 'quarter') return null;
  const ahead = [1, 2, 3].find((each) => reader.peek(each) === 'hour');
  const between =
    ahead === undefined ? [] : Array.from({ length: ahead - 1 }, (_, index) => reader.peek(index + 1));
  if (ahead === undefined || !between.every((each) => each === 'of' || each === 'an' || each === 'a'))
    return null;
  reader.skip(ahead + 1);
  return { amount: word === 'half' ? 30 : 15, unit: 'minute' };
}

/** Reads a number, or an ordinal that counts a unit ("every third month", but not "every first day of the month"). */
function readAmount(reader: WordReader): number | null {
  const word = reader.peek() ?? '';
  const number = /^\d{1,9}$/.test(word) ? Number(word) : undefined;
  const ordinal = toOrdinal(word);
  const isCounted =
    typeof ordinal === 'number' && ordinal > 1 && UNITS.has(reader.peek(1) ?? '') && reader.peek(2) !== 'of';
  const amount = number ?? (isCounted ? ordinal : undefined);
  if (amount === undefined) return null;
  reader.skip();
  return amount;
}

function readAdverb(reader: WordReader, phrase: Phrase): boolean {
  const isNightly = reader.peek() === 'nightly';
  const every = reader.takeFrom(ADVERBS);
  if (every === undefined) return false;
  if (isNightly) setDayPart(phrase, NIGHTLY);
  return setEvery(phrase, every);
}

/** Reads the end of `once a day`, `per hour`, `of the month`. */
function readUnitOf(reader: WordReader, phrase: Phrase): boolean {
  const unit = UNITS.get(reader.peek(1) ?? '');
  const before = reader.peek() ?? '';
  const isCalendar = unit === 'month' || unit === 'quarter' || unit === 'year';
  const fits =
    unit !== undefined &&
    (['a', 'an', 'per'].includes(before) || (isCalendar && ['the', 'of'].includes(before)));
  if (!fits) return false;
  reader.skip(2);
  return setEvery(phrase, { amount: 1, unit });
}

/** Refuses `twice a day` and `3 times a week`, which do not name the times. */
function refuseCount(reader: WordReader): false {
  const [word = '', next = ''] = [reader.peek(), reader.peek(1)];
  if (['twice', 'thrice'].includes(word) || (/^\d+$/.test(word) && next === 'times'))
    throw new UnsupportedSchedule('A number of times is not enough. Name the times: every day at 9 and 17.');
  return false;
}
