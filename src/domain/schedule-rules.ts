import { NotSayable } from './not-sayable.js';
import type { Interval, Phrase, TimeOfDay } from './schedule-phrase.js';
import { parseTimeOfDay } from './schedule-time.js';
import { ADVERBS, DAY_PARTS, FILLERS, MONTHS, NUMBERS, ORDINALS, UNITS, WEEKDAYS } from './schedule-words.js';
import type { WordReader } from './word-reader.js';

/** Takes words that it understands into the phrase. False if the next words are none of its own; then it has taken none. */
type Rule = (reader: WordReader, phrase: Phrase) => boolean;

const SECONDS = ['seconds', 'sec', 'secs'];

const TO = ['to', 'through', 'thru', 'until', 'till'];

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
  const number = NUMBERS.get(word) ?? (/^\d{1,9}$/.test(word) ? Number(word) : undefined);
  const ordinal = toOrdinal(word);
  const isCounted =
    typeof ordinal === 'number' && ordinal > 1 && UNITS.has(reader.peek(1) ?? '') && reader.peek(2) !== 'of';
  const amount = number ?? (isCounted ? ordinal : undefined);
  if (amount === undefined) return null;
  reader.skip();
  return amount;
}

function readAdverb(reader: WordReader, phrase: Phrase): boolean {
  const unit = reader.takeFrom(ADVERBS);
  return unit !== undefined && setEvery(phrase, { amount: 1, unit });
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

/** `from 9 to 17`, `between 9am and 5pm`. */
function readHours(reader: WordReader, phrase: Phrase): boolean {
  const word = reader.peek();
  if (word !== 'from' && word !== 'between') return false;
  const from = parseTimeOfDay(reader.peek(1) ?? '', true);
  const to = parseTimeOfDay(reader.peek(3) ?? '', true);
  const isRange = [...TO, 'and'].includes(reader.peek(2) ?? '');
  if (from !== null && to !== null && isRange) {
    if (phrase.hours !== null) throw new NotSayable('One stretch of hours is enough.');
    phrase.hours = { from, to };
    reader.skip(4);
    return true;
  }
  const isOfDays = WEEKDAYS.has(reader.peek(1) ?? '') || MONTHS.has(reader.peek(1) ?? '');
  if (isOfDays) reader.skip();
  return isOfDays;
}

/** `first monday`, `1st and 15th`, `last day`. */
function readOrdinal(reader: WordReader, phrase: Phrase): boolean {
  const word = reader.peek() ?? '';
  const which = toOrdinal(word);
  if (which === null) return false;
  const before = reader.peek(-1) ?? '';
  const next = reader.peek(1) ?? '';
  reader.skip();
  const isCounting = ['every', 'each'].includes(before) && which !== 'L' && which > 1;
  if (isCounting && !(isDayOf(reader) || /^\d/.test(word))) throw everyOther();
  if (WEEKDAYS.has(next)) return readNth(reader, phrase, which);
  // A word that stands alone says too little: the second of what?
  if (!reader.take('day') && ORDINALS.has(word) && !['the', 'and', 'on'].includes(before) && !isDayOf(reader))
    throw new NotSayable(`The ${word} of what? Say first monday of the month, or on the 1st of every month.`);
  addDay(phrase, which);
  return true;
}

function readNth(reader: WordReader, phrase: Phrase, which: number | 'L'): boolean {
  const [weekday = 0, ...others] = reader.takeFrom(WEEKDAYS) ?? [];
  if (others.length > 0)
    throw new NotSayable('cron can count single weekdays only, such as the first monday.');
  if (phrase.nth !== null) throw new NotSayable('Two such days of the month need a schedule each.');
  if (which !== 'L' && which > 5) throw new NotSayable('A month has five of a weekday at most.');
  phrase.nth = { which, weekday };
  return true;
}

/** "Every second monday" is every other one, "every second monday of the month" is not. */
function isDayOf(reader: WordReader): boolean {
  const isDay = reader.peek() === 'day' || WEEKDAYS.has(reader.peek() ?? '');
  return ['of', 'in'].includes(reader.peek(isDay ? 1 : 0) ?? '');
}

function everyOther(): NotSayable {
  return new NotSayable('cron can count no "every other": say which days of the month, or which hours.');
}

/** `monday`, `mon to fri`, `weekends`. */
function readWeekdays(reader: WordReader, phrase: Phrase): boolean {
  const first = reader.takeFrom(WEEKDAYS);
  if (first === undefined) return false;
  const last = TO.includes(reader.peek() ?? '') ? WEEKDAYS.get(reader.peek(1) ?? '') : undefined;
  if (last === undefined) {
    for (const day of first) phrase.weekdays.add(day);
    return true;
  }
  reader.skip(2);
  const [from = 0, to = 0] = [first[0], last[0]];
  for (let day = from; ; day = (day + 1) % 7) {
    phrase.weekdays.add(day);
    if (day === to) return true;
  }
}

/** `in march`, `june to august`, `march 1st`, `march 1`. */
function readMonths(reader: WordReader, phrase: Phrase): boolean {
  const first = reader.takeFrom(MONTHS);
  if (first === undefined) return false;
  const last = TO.includes(reader.peek() ?? '') ? MONTHS.get(reader.peek(1) ?? '') : undefined;
  if (last !== undefined) reader.skip(2);
  for (let month = first; ; month = (month % 12) + 1) {
    phrase.months.add(month);
    if (month === (last ?? first)) break;
  }
  const day = reader.peek() ?? '';
  if (/^\d{1,2}$/.test(day)) {
    reader.skip();
    addDay(phrase, Number(day));
  }
  return true;
}

/** `day 15`, `24 december`. */
function readDayNumber(reader: WordReader, phrase: Phrase): boolean {
  const [word = '', next = ''] = [reader.peek(), reader.peek(1)];
  const isNamed = word === 'day' && /^\d{1,2}$/.test(next);
  const isBeforeMonth = /^\d{1,2}$/.test(word) && MONTHS.has(next);
  if (!isNamed && !isBeforeMonth) return false;
  addDay(phrase, Number(isNamed ? next : word));
  reader.skip(isNamed ? 2 : 1);
  return true;
}

function readDayPart(reader: WordReader, phrase: Phrase): boolean {
  const part = DAY_PARTS.get((reader.peek() ?? '').replace(/s$/, ''));
  if (part === undefined) return false;
  if (phrase.dayPart !== null) throw new NotSayable('One part of the day is enough; say the times instead.');
  reader.skip();
  phrase.dayPart = part;
  return true;
}

/** `:15`, `15 past the hour`, `half past every hour`. */
function readMinutesPast(reader: WordReader, phrase: Phrase): boolean {
  const colon = /^:(\d{2})$/.exec(reader.peek() ?? '');
  if (colon !== null) {
    reader.skip();
    return addMinute(phrase, Number(colon[1]));
  }
  const minute = toMinutes(reader.peek() ?? '');
  const ahead = ['minute', 'minutes', 'min'].includes(reader.peek(1) ?? '') ? 2 : 1;
  if (minute === null || !['past', 'after'].includes(reader.peek(ahead) ?? '')) return false;
  const isEachHour = ['the', 'every', 'each'].includes(reader.peek(ahead + 1) ?? '');
  if (!isEachHour || reader.peek(ahead + 2) !== 'hour')
    return readTimePast(reader, phrase, minute, ahead + 1);
  reader.skip(ahead + 3);
  phrase.every ??= { amount: 1, unit: 'hour' };
  return addMinute(phrase, minute);
}

function toMinutes(word: string): number | null {
  if (word === 'half') return 30;
  if (word === 'quarter') return 15;
  return /^\d{1,2}$/.test(word) ? Number(word) : null;
}

/** `half past 9`. */
function readTimePast(reader: WordReader, phrase: Phrase, minute: number, ahead: number): boolean {
  const time = parseTimeOfDay(reader.peek(ahead) ?? '', true);
  if (time === null || time.minute !== 0) return false;
  reader.skip(ahead + 1);
  return addTime(phrase, { ...time, minute });
}

/** `at 9`, `9am`, `at 9 and 17`. A bare number is a time only behind `at` or another time. */
function readTime(reader: WordReader, phrase: Phrase): boolean {
  const previous = reader.peek(-1) ?? '';
  const followsTime = previous === 'and' && phrase.times.length > 0 && isTime(reader.peek(-2) ?? '');
  const time = parseTimeOfDay(reader.peek() ?? '', previous === 'at' || previous === '@' || followsTime);
  if (time === null) return false;
  reader.skip();
  return addTime(phrase, time);
}

function isTime(word: string): boolean {
  return parseTimeOfDay(word, true) !== null;
}

function addTime(phrase: Phrase, time: TimeOfDay): boolean {
  phrase.times.push(time);
  return true;
}

function addMinute(phrase: Phrase, minute: number): boolean {
  if (minute > 59) throw new NotSayable('An hour has the minutes 0 to 59.');
  phrase.minutes.push(minute);
  return true;
}

function addDay(phrase: Phrase, day: number | 'L'): void {
  if (day !== 'L' && (day < 1 || day > 31)) throw new NotSayable(`No month has a day ${day}.`);
  phrase.days.add(day);
}

/** A narrower unit wins over the one that only says where it is counted: the first day of every quarter. */
function setEvery(phrase: Phrase, every: Interval): boolean {
  const { every: earlier } = phrase;
  if (earlier !== null && (earlier.unit !== every.unit || earlier.amount !== every.amount)) {
    throw new NotSayable(`It says both every ${say(earlier)} and every ${say(every)}.`);
  }
  phrase.every = every;
  return true;
}

function say({ amount, unit }: Interval): string {
  return amount === 1 ? unit : `${amount} ${unit}s`;
}

function toOrdinal(word: string): number | 'L' | null {
  if (word === 'last') return 'L';
  const digits = /^(\d{1,2})(?:st|nd|rd|th)$/.exec(word)?.[1];
  return ORDINALS.get(word) ?? (digits === undefined ? null : Number(digits));
}
