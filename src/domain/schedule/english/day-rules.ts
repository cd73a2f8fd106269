import { addDay, addMonth, addWeekday, type Phrase } from './phrase.js';
import { UnsupportedSchedule } from './unsupported-schedule.js';
import type { WordReader } from './word-reader.js';
import { MONTHS, ORDINALS, TO, WEEKDAYS } from './words.js';

/** Reads `first monday`, `1st and 15th`, `last day`. */
export function readOrdinal(reader: WordReader, phrase: Phrase): boolean {
  const word = reader.peek() ?? '';
  const which = toOrdinal(word);
  if (which === null) return false;
  const before = reader.peek(-1) ?? '';
  const next = reader.peek(1) ?? '';
  reader.skip();
  const isCounting = ['every', 'each'].includes(before) && which !== 'L' && which > 1;
  if (isCounting && !(isDayOf(reader) || (/^\d/.test(word) && !WEEKDAYS.has(next)))) throw everyOther();
  if (WEEKDAYS.has(next)) return readNth(reader, phrase, which);
  // An ordinal alone, such as "second", names no day.
  if (!reader.take('day') && ORDINALS.has(word) && !['the', 'and', 'on'].includes(before) && !isDayOf(reader))
    throw new UnsupportedSchedule(
      `"${word}" needs a weekday or a month: use first monday of the month, or on the 1st of every month.`,
    );
  addDay(phrase, which);
  return true;
}

function readNth(reader: WordReader, phrase: Phrase, which: number | 'L'): boolean {
  const [weekday = 0, ...others] = reader.takeFrom(WEEKDAYS) ?? [];
  if (others.length > 0)
    throw new UnsupportedSchedule('cron can only count a single weekday, such as the first monday.');
  if (phrase.nth !== null)
    throw new UnsupportedSchedule('Two such days of the month need separate schedules.');
  if (which !== 'L' && which > 5)
    throw new UnsupportedSchedule('A month has each weekday at most five times.');
  phrase.nth = { which, weekday };
  phrase.said.push({ kind: 'date', value: `weekday ${weekday} ${which}` });
  return true;
}

/** "Every second monday" means every other one, but "every second monday of the month" does not. */
function isDayOf(reader: WordReader): boolean {
  const isDay = reader.peek() === 'day' || WEEKDAYS.has(reader.peek() ?? '');
  return ['of', 'in'].includes(reader.peek(isDay ? 1 : 0) ?? '');
}

function everyOther(): UnsupportedSchedule {
  return new UnsupportedSchedule(
    'cron does not support "every other": name the days of the month, or the hours.',
  );
}

/** Reads `monday`, `mon to fri`, `weekends`. */
export function readWeekdays(reader: WordReader, phrase: Phrase): boolean {
  const first = reader.takeFrom(WEEKDAYS);
  if (first === undefined) return false;
  const last = TO.includes(reader.peek() ?? '') ? WEEKDAYS.get(reader.peek(1) ?? '') : undefined;
  if (last === undefined) {
    for (const day of first) addWeekday(phrase, day);
    return true;
  }
  if (first.length + last.length > 2)
    throw new UnsupportedSchedule('A range needs a single first and last day, such as monday to friday.');
  reader.skip(2);
  const [from = 0, to = 0] = [first[0], last[0]];
  for (let day = from; ; day = (day + 1) % 7) {
    addWeekday(phrase, day);
    if (day === to) return true;
  }
}

/** Reads `in march`, `june to august`, `march 1st`, `march 1`. */
export function readMonths(reader: WordReader, phrase: Phrase): boolean {
  const first = reader.takeFrom(MONTHS);
  if (first === undefined) return false;
  const last = TO.includes(reader.peek() ?? '') ? MONTHS.get(reader.peek(1) ?? '') : undefined;
  if (last !== undefined) reader.skip(2);
  for (let month = first; ; month = (month % 12) + 1) {
    addMonth(phrase, month);
    if (month === (last ?? first)) break;
  }
  const day = reader.peek() ?? '';
  if (/^\d{1,2}$/.test(day)) {
    reader.skip();
    addDay(phrase, Number(day));
  }
  return true;
}

/** Reads `day 15`, `days 1, 10 and 20`, `24 december`. */
export function readDayNumber(reader: WordReader, phrase: Phrase): boolean {
  if (isDayNumber(reader.peek()) && MONTHS.has(reader.peek(1) ?? '')) {
    addDay(phrase, Number(reader.peek()));
    reader.skip();
    return true;
  }
  if (!['day', 'days'].includes(reader.peek() ?? '') || !isDayNumber(reader.peek(1))) return false;
  do {
    addDay(phrase, Number(reader.peek(1)));
    reader.skip(2);
  } while (reader.peek() === 'and' && isDayNumber(reader.peek(1)));
  return true;
}

function isDayNumber(word: string | undefined): boolean {
  return /^\d{1,2}$/.test(word ?? '');
}

/** The number of an ordinal such as `2nd` or `second`; `L` for `last`; null for another word. */
export function toOrdinal(word: string): number | 'L' | null {
  if (word === 'last') return 'L';
  const digits = /^(\d{1,2})(?:st|nd|rd|th)$/.exec(word)?.[1];
  return ORDINALS.get(word) ?? (digits === undefined ? null : Number(digits));
}
