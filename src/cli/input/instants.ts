import type { InstantKind } from '../../verbs/fields.js';

/** The forms of a time, for a message that refuses another one. */
export const INSTANT_FORMS =
  'Write 2026-12-01T18:00:00Z, "2026-12-01 18:00", 2026-12-01, "tomorrow 9:00", 18:00, 2h or "in 2h", "2h ago", or now';

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const DAYS: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };

/**
 * Reads a time as people write it, in the time zone of this machine, and answers in RFC 3339. Null for what is no time.
 *
 * @param kind - a length of time is in the past or the future, and a day without a time is its beginning or its end.
 */
export function readInstant(written: string, kind: InstantKind, nowMs: number): string | null {
  const text = written.trim().toLowerCase();
  if (text === 'now') return toInstant(nowMs);
  if (/^\d{4}-\d\d-\d\dt/.test(text)) return Number.isNaN(Date.parse(written)) ? null : written;
  return readDistance(text, kind, nowMs) ?? readDay(text, kind, nowMs) ?? readTime(text, kind, nowMs);
}

/** `2h`, `1d 4h`, `in 30m`, `2h ago`. */
function readDistance(text: string, kind: InstantKind, nowMs: number): string | null {
  const [, before, length = '', after] = /^(in )?((?:\d+ ?[smhdw] ?)+?)( ago)?$/.exec(text) ?? [];
  const parts = [...length.matchAll(/(\d+) ?([smhdw])/g)];
  if (parts.length === 0 || (before && after)) return null;
  const ms = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0);
  const isPast = after !== undefined || (before === undefined && kind === 'past');
  return toInstant(nowMs + (isPast ? -ms : ms));
}

/** `tomorrow`, `tomorrow 9:00`, `2026-12-01`, `2026-12-01 18:00`. */
function readDay(text: string, kind: InstantKind, nowMs: number): string | null {
  const [, word = '', time] =
    /^(yesterday|today|tomorrow|\d{4}-\d\d-\d\d)(?: (?:at )?(\d\d?:\d\d(?::\d\d)?))?$/.exec(text) ?? [];
  if (word === '') return null;
  const clock = time ?? (kind === 'due' ? '23:59:59' : '00:00');
  const offset = DAYS[word];
  return offset === undefined ? atDate(word, clock) : atDate(localDay(nowMs, offset), clock);
}

/** `18:00`: the next one, or for a time in the past the last one. */
function readTime(text: string, kind: InstantKind, nowMs: number): string | null {
  if (!/^\d\d?:\d\d(:\d\d)?$/.test(text)) return null;
  const today = atDate(localDay(nowMs, 0), text);
  if (today === null) return null;
  const isAhead = Date.parse(today) > nowMs;
  if (kind === 'past') return isAhead ? atDate(localDay(nowMs, -1), text) : today;
  return isAhead ? today : atDate(localDay(nowMs, 1), text);
}

/** A day of this machine's time zone. Noon exists on each day, and the day before or after has it too. */
function localDay(nowMs: number, offset: number): string {
  const date = new Date(nowMs);
  date.setHours(12, 0, 0, 0);
  date.setDate(date.getDate() + offset);
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0'));
  return `${date.getFullYear()}-${month}-${day}`;
}

/** A time of day on a date, in the time zone of this machine; null for a date that does not exist, such as 30 February. */
function atDate(day: string, time: string): string | null {
  const [hours = '', ...rest] = time.split(':');
  const ms = Date.parse(`${day}T${[hours.padStart(2, '0'), ...rest].join(':')}`);
  return Number.isNaN(ms) || !exists(day) ? null : toInstant(ms);
}

/** `Date.parse` takes 30 February for 1 or 2 March. */
function exists(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}
