import { findClosest } from '../../../kernel/closest-match.js';
import { BadSchedule } from '../bad-schedule.js';
import { parseTimeZone } from '../time-zone.js';
import { checkPairs } from './pairs.js';
import { emptyPhrase, type Phrase } from './phrase.js';
import { RULES } from './rules.js';
import { toCron } from './to-cron.js';
import { UnsupportedSchedule } from './unsupported-schedule.js';
import { WordReader } from './word-reader.js';
import { ADVERBS, DAY_PARTS, MONTHS, NUMBERS, ORDINALS, UNITS, WEEKDAYS } from './words.js';

const VOCABULARY = [
  ...['every', 'each', 'last', 'noon', 'midnight', 'from', 'between', 'until', 'half', 'past', 'other'],
  ...[ADVERBS, DAY_PARTS, MONTHS, ORDINALS, UNITS, WEEKDAYS].flatMap((words) => [...words.keys()]),
];

const NUMBER = new RegExp(`\\b(${[...NUMBERS.keys()].join('|')})\\b`, 'g');

/**
 * Translates an English schedule into a cron expression. Every word must be understood, because an ignored word could
 * change the meaning.
 * @throws {BadSchedule} with the words that were understood and the word that was not.
 */
export function parseEnglish(text: string): string {
  const reader = new WordReader(toWords(text));
  const phrase = emptyPhrase();
  try {
    while (!reader.isAtEnd()) if (!RULES.some((rule) => rule(reader, phrase))) refuseWord(text, reader);
    if (saysNothing(phrase)) throw new BadSchedule(text, 'It does not say when.');
    checkPairs(phrase.said);
    return toCron(phrase);
  } catch (error) {
    return refuse(text, error);
  }
}

const SHORT_UNITS: Readonly<Record<string, string>> = { m: 'minutes', h: 'hours', d: 'days' };

/** Splits a text into lower-case words and replaces different spellings of the same by one. */
function toWords(text: string): string[] {
  return text
    .toLowerCase()
    .replace(NUMBER, (word) => String(NUMBERS.get(word)))
    .replace(/\bo['’]?\s?clock\b/g, ' ')
    .replace(/\b([ap])\.\s?m\b\.?/g, '$1m')
    .replace(/(\d)\.(\d{2})\b/g, '$1:$2')
    .replace(/(\d)\s+([ap]m)\b/g, '$1$2')
    .replace(/\b12\s?(noon|midnight)\b/g, '$1')
    .replace(/\b(week|work|working|business)[\s-](day|end)(s?)\b/g, '$1$2$3')
    .replace(/\beveryday\b/g, 'every day')
    .replace(/\bbi-weekly\b/g, 'biweekly')
    .replace(/\b(half|quarter)-hour\b/g, '$1 hour')
    .replace(/\bfortnight\b/g, '2 weeks')
    .replace(
      /\b(every|each) (\d+)([mhd])\b/g,
      (_, every, amount, unit) => `${every} ${amount} ${SHORT_UNITS[unit]}`,
    )
    .replace(/\b(\d+)((?:min|minute|hr|hour|day|week|month)s?)\b/g, '$1 $2')
    .replace(/\b(end|start|beginning) of (?=((the|every|each) )?(month|quarter|year)\b)/g, (_, end) =>
      end === 'end' ? 'last day of ' : 'first day of ',
    )
    .replace(/@ ?(?=\d)/g, 'at ')
    .replace(/([a-z]+)\/(?=([a-z]+))/g, (said, day, next) =>
      WEEKDAYS.has(day) && WEEKDAYS.has(next) ? `${day} and ` : said,
    )
    .replace(/[–—]|(?<=\w)-(?=\w)|(?<=\s)-(?=\s)/g, ' to ')
    .replace(/[,;&+]/g, ' and ')
    .replace(/[.!?]+$/, '')
    .split(/\s+/)
    .filter((word) => word !== '');
}

function saysNothing({ every, times, dayPart, weekdays, nth, days, months, hours }: Phrase): boolean {
  const said = times.length + weekdays.size + days.size + months.size;
  return said === 0 && every === null && dayPart === null && nth === null && hours === null;
}

/** Turns an unsupported schedule into a refusal. Other errors are faults. */
function refuse(text: string, error: unknown): never {
  throw error instanceof UnsupportedSchedule ? new BadSchedule(text, error.message) : error;
}

function refuseWord(text: string, reader: WordReader): never {
  const word = reader.peek() ?? '';
  const understood = reader.before();
  const cut = word.length > 40 ? `${word.slice(0, 40)}…` : word;
  throw new BadSchedule(
    text,
    `${understood === '' ? '' : `I understand ${JSON.stringify(understood)}, but not `}${JSON.stringify(cut)}${understood === '' ? ' is not understood' : ''}.${hintAt(word)}`,
  );
}

/** A third of the letters may be wrong. Words of one or two letters are too similar to each other for a guess. */
function hintAt(word: string): string {
  if (parseTimeZone(word.replace(/^(cron_)?tz=/, '')) !== null) return ' Set the time zone with timeZone.';
  if (!/^[a-z]{3,40}$/.test(word)) return '';
  const closest = findClosest(word, VOCABULARY, Math.floor(word.length / 3));
  return closest === undefined || closest === word ? '' : ` Did you mean ${closest}?`;
}
