import { findClosest } from '../kernel/closest.js';
import { BadSchedule } from './bad-schedule.js';
import { NotSayable } from './not-sayable.js';
import { toCron } from './schedule-fields.js';
import { emptyPhrase, type Phrase } from './schedule-phrase.js';
import { RULES } from './schedule-rules.js';
import { ADVERBS, DAY_PARTS, FILLERS, MONTHS, NUMBERS, ORDINALS, UNITS, WEEKDAYS } from './schedule-words.js';
import { WordReader } from './word-reader.js';

const VOCABULARY = [
  ...['every', 'each', 'at', 'last', 'noon', 'midnight', 'from', 'between', 'until', 'half', 'past', 'other'],
  ...[ADVERBS, DAY_PARTS, MONTHS, NUMBERS, ORDINALS, UNITS, WEEKDAYS].flatMap((words) => [...words.keys()]),
  ...FILLERS,
];

/**
 * The cron expression that an English schedule stands for. Every word must be understood: one that is passed over could
 * be the one that matters.
 * @throws {BadSchedule} that says what was understood and what was not.
 */
export function parseEnglish(text: string): string {
  const reader = new WordReader(toWords(text));
  const phrase = emptyPhrase();
  try {
    while (!reader.isAtEnd()) if (!RULES.some((rule) => rule(reader, phrase))) refuseWord(text, reader);
    if (saysNothing(phrase)) throw new BadSchedule(text, 'It does not say when.');
    return toCron(phrase);
  } catch (error) {
    return refuse(text, error);
  }
}

/** Small letters, single spaces; what people write in several ways in one. */
function toWords(text: string): string[] {
  return text
    .toLowerCase()
    .replace(/\bo['’]?\s?clock\b/g, ' ')
    .replace(/\b([ap])\.\s?m\b\.?/g, '$1m')
    .replace(/(\d)\.(\d{2})\b/g, '$1:$2')
    .replace(/(\d)\s+([ap]m)\b/g, '$1$2')
    .replace(/\b12\s?(noon|midnight)\b/g, '$1')
    .replace(/\b(week|work|working|business)[\s-](day|end)(s?)\b/g, '$1$2$3')
    .replace(/[–—]|(?<=\w)-(?=\w)/g, ' to ')
    .replace(/[,;&+]/g, ' and ')
    .replace(/[.!]+$/, '')
    .split(/\s+/)
    .filter((word) => word !== '');
}

function saysNothing({ every, times, dayPart, weekdays, nth, days, months, hours }: Phrase): boolean {
  const said = times.length + weekdays.size + days.size + months.size;
  return said === 0 && every === null && dayPart === null && nth === null && hours === null;
}

/** What is understood and can't be said is a refusal like any other; anything else is a fault. */
function refuse(text: string, error: unknown): never {
  throw error instanceof NotSayable ? new BadSchedule(text, error.message) : error;
}

function refuseWord(text: string, reader: WordReader): never {
  const word = reader.peek() ?? '';
  const understood = reader.before();
  const closest = /^[a-z]{3,}$/.test(word) ? findClosest(word.slice(0, 40), VOCABULARY) : undefined;
  const suggestion = closest === undefined || closest === word ? '' : ` Did you mean ${closest}?`;
  const cut = word.length > 40 ? `${word.slice(0, 40)}…` : word;
  throw new BadSchedule(
    text,
    `${understood === '' ? '' : `I understand ${JSON.stringify(understood)}, but not `}${JSON.stringify(cut)}${understood === '' ? ' is not understood' : ''}.${suggestion}`,
  );
}
