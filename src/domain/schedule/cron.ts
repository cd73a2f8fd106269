import { BadSchedule } from './bad-schedule.js';

/** The values that a field of a cron expression accepts. */
interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of its values, beginning with that of `min`. */
  readonly words: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, words: [] },
  { name: 'hour', min: 0, max: 23, words: [] },
  { name: 'day of the month', min: 1, max: 31, words: [] },
  {
    name: 'month',
    min: 1,
    max: 12,
    words: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  // Both 0 and 7 are Sunday, so that a range can end with it.
  { name: 'weekday', min: 0, max: 7, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const DAY_OF_MONTH = 2;
const WEEKDAY = 4;

const NICKNAMES: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);

/** Whether the text is meant as a cron expression, valid or not. */
export function looksLikeCron(text: string): boolean {
  if (/^@\S/.test(text)) return true;
  const parts = text.split(/\s+/);
  const hasStar = parts.some((part) => /^[*?]/.test(part));
  // Up to three parts with a name are a date in English: jan 1.
  if (parts.every(looksLikeField)) return parts.length > (hasStar || !/[a-z]/i.test(text) ? 1 : 3);
  return hasStar && looksLikeField(parts[0] ?? '');
}

/** Digits, cron's signs and letters, and names of days and months. */
function looksLikeField(part: string): boolean {
  if (!/^[\da-z*?,/#-]+$/i.test(part)) return false;
  const words = part.toLowerCase().match(/[a-z]+/g) ?? [];
  return words.every(
    (word) =>
      /^[lwh]+$/.test(word) ||
      FIELDS.some((field) => field.words.includes(word) || field.words.includes(word.replace(/l$/, ''))),
  );
}

/**
 * Checks a five-field cron expression or a nickname and normalizes it: single spaces, numbers instead of names, no
 * value twice. cron-parser accepts missing fields and steps that are too large, and refuses repeated values and ranges
 * such as `fri-sun`. So every field is read here first.
 * @throws {BadSchedule} with the field that is wrong, and the reason.
 */
export function parseCron(text: string): string {
  if (text.startsWith('@')) return parseNickname(text);
  const parts = text.split(/\s+/);
  if (parts.length !== FIELDS.length) {
    const more =
      parts.length === 6
        ? ' There are no fields for seconds and years: the shortest interval is a minute.'
        : '';
    throw new BadSchedule(
      text,
      `A cron expression has five fields (minute, hour, day of the month, month, weekday), but this one has ${parts.length}.${more}`,
    );
  }
  return FIELDS.map((field, index) => new FieldReader(text, field, index).read(parts[index] ?? '')).join(' ');
}

function parseNickname(text: string): string {
  const cron = NICKNAMES.get(text.toLowerCase());
  if (cron !== undefined) return cron;
  throw new BadSchedule(text, `The nicknames are ${[...NICKNAMES.keys()].join(', ')}.`);
}

/** One entry of a list: its normalized text and its values. */
interface Entry {
  readonly text: string;
  readonly values: readonly number[];
}

class FieldReader {
  constructor(
    private readonly schedule: string,
    private readonly field: Field,
    private readonly index: number,
  ) {}

  read(text: string): string {
    const parts = text.split(',');
    if (this.index === WEEKDAY && parts.some((part) => part.includes('#')) && parts.length > 1)
      this.refuse(text, 'a weekday with # must be the only entry, so create one schedule for each');
    const entries = parts.map((part) => this.readSpecial(part) ?? this.readEntry(part));
    const values = entries.flatMap((entry) => entry.values);
    const unique = [...new Set(values)].sort((a, b) => a - b);
    const specials = entries.filter((entry) => entry.values.length === 0).map((entry) => entry.text);
    if (unique.length === values.length) return entries.map((entry) => entry.text).join(',');
    return [...unique, ...new Set(specials)].join(',');
  }

  /** `L`: the last day of the month; `5L`: the last Friday; `1#2`: the second Monday. */
  private readSpecial(part: string): Entry | null {
    if (this.index === DAY_OF_MONTH && /^l$/i.test(part)) return { text: 'L', values: [] };
    const nth = this.index === WEEKDAY ? /^(\w+?)(?:l|#(\d+))$/i.exec(part) : null;
    if (nth === null) return null;
    const [, day = '', which] = nth;
    const value = this.readValue(day, part) % 7;
    if (which === undefined) return { text: `${value}L`, values: [] };
    if (!/^[1-5]$/.test(which)) this.refuse(part, 'the number after # must be from 1 to 5');
    return { text: `${value}#${which}`, values: [] };
  }

  private readEntry(part: string): Entry {
    const match = /^(?:([*?])|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) this.refuse(part, 'use *, a value, a range such as 1-5, or a step such as */15');
    const [, star, first, last, step] = match;
    // A star or an open range of weekdays ends with Saturday, because 7 is the same day as 0.
    const max = this.index === WEEKDAY ? 6 : this.field.max;
    const from = star === undefined ? this.readValue(first ?? '', part) : this.field.min;
    const to =
      last === undefined
        ? star === undefined && step === undefined
          ? from
          : max
        : this.readValue(last, part);
    const end = this.index === WEEKDAY && to === 0 && from > 0 ? 7 : to;
    if (from > end) this.refuse(part, `the range is backwards, from ${from} to ${end}`);
    const stride = step === undefined ? 1 : this.readStep(step, part);
    const values: number[] = [];
    for (let value = from; value <= end; value += stride)
      values.push(this.index === WEEKDAY ? value % 7 : value);
    return {
      text: this.write({ star: star !== undefined, from, end, step, isRange: last !== undefined }),
      values,
    };
  }

  private write(entry: {
    star: boolean;
    from: number;
    end: number;
    step: string | undefined;
    isRange: boolean;
  }): string {
    const { star, from, end, step, isRange } = entry;
    const single = this.index === WEEKDAY ? from % 7 : from;
    const range = star ? '*' : isRange ? `${from}-${end}` : String(single);
    return step === undefined || (step === '1' && star) ? range : `${range}/${Number(step)}`;
  }

  private readValue(text: string, part: string): number {
    const word = this.field.words.indexOf(text.toLowerCase());
    if (word >= 0) return word + this.field.min;
    if (!/^\d{1,3}$/.test(text)) this.refuse(part, this.explainRange());
    const value = Number(text);
    if (value < this.field.min || value > this.field.max) this.refuse(part, this.explainRange());
    return value;
  }

  /** A step beyond the field's end is refused, because it would mean a single value, which is hardly intended. */
  private readStep(text: string, part: string): number {
    const step = Number(text);
    const most = this.field.max - this.field.min;
    if (step < 1 || step > most) this.refuse(part, `its step must be from 1 to ${most}`);
    return step;
  }

  private explainRange(): string {
    const { min, max, words } = this.field;
    return `use ${min} to ${max}${words.length === 0 ? '' : `, or ${words.slice(0, 3).join(', ')} …`}`;
  }

  private refuse(part: string, why: string): never {
    throw new BadSchedule(
      this.schedule,
      `The ${this.field.name} field does not accept ${JSON.stringify(part)}: ${why}.`,
    );
  }
}
