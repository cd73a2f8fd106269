import { readDayPart, readHours, readMinutesPast, readTime } from './clock-rules.js';
import { readDayNumber, readMonths, readOrdinal, readWeekdays, toOrdinal } from './day-rules.js';
import { type Interval, type Phrase, setDayPart, setEvery } from './phrase.js';
import { NotSayable } from './unsupported-schedule.js';
import type { WordReader } from './word-reader.js';
import { ADVERBS, FILLERS, NIGHTLY, UNITS } from './words.js';

/** Takes words that it understands into the phrase. False if the next words are none of its own; then it has taken none. */
type Rule = (reader: WordReader, phrase: Phrase) => boolean;

const SECONDS = ['seconds', 'sec', 'secs'];

/** In this order: what takes more words comes before what takes fewer. */
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

/** `every 15 minutes`, `each day`, `every half hour`; and `every` before a day, which says nothing more. */
function readEvery(reader: WordReader, phrase: Phrase): boolean {
  if (!reader.take('every', 'each')) return false;
  if (reader.peek() === 'other')
    throw new NotSayable('cron can count no "every other": say which days or hours.');
  const part = readPartOfHour(reader);
  if (part !== null) return setEvery(phrase, part);
  const amount = readAmount(reader);
  const unit = UNITS.get(reader.peek() ?? '');
  if (unit !== undefined) {
    reader.skip();
    return setEvery(phrase, { amount: amount ?? 1, unit });
  }
  if (SECONDS.includes(reader.peek() ?? '')) throw new NotSayable('A minute is the shortest interval.');
  if (amount !== null)
    throw new NotSayable(`Every ${amount} of what? Say every ${amount} hours, for example.`);
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

/** A number, or an ordinal before a unit that it counts: every third month. Not: every first day of the month. */
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

/** `once a day`, `per hour`, `of the month`. */
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

/** `twice a day`, `3 times a week`. */
function refuseCount(reader: WordReader): false {
  const [word = '', next = ''] = [reader.peek(), reader.peek(1)];
  if (['twice', 'thrice'].includes(word) || (/^\d+$/.test(word) && next === 'times'))
    throw new NotSayable('How often is not enough; say when: every day at 9 and 17.');
  return false;
}
