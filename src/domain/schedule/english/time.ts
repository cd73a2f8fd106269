import type { TimeOfDay } from './phrase.js';

const NAMES: ReadonlyMap<string, TimeOfDay> = new Map([
  ['noon', { hour: 12, minute: 0, exact: true }],
  ['midday', { hour: 12, minute: 0, exact: true }],
  ['midnight', { hour: 0, minute: 0, exact: true }],
]);

/**
 * Parses a time of day: 9am, 9:30pm, 14:30, 14h, 1430, noon. Null for another word.
 * @param expected - whether a time must follow here. Only then a bare number is a time.
 */
export function parseTimeOfDay(word: string, expected: boolean): TimeOfDay | null {
  const named = NAMES.get(word);
  if (named !== undefined) return named;
  const match = /^(\d{1,2})(?::(\d{2})|h(\d{2})?)?(am|pm)?$/.exec(word) ?? /^(\d{2})(\d{2})$/.exec(word);
  if (match === null) return null;
  const [, hours = '', colonMinutes, letterMinutes, half] = match;
  const isBare = /^\d+h?$/.test(word);
  if (isBare && !expected) return null;
  const minute = Number(colonMinutes ?? letterMinutes ?? 0);
  const hour = half === undefined ? Number(hours) : hourOfHalf(Number(hours), half);
  if (hour === null || hour > 23 || minute > 59) return null;
  return { hour, minute, exact: half !== undefined || hour > 12 || hours.startsWith('0') };
}

function hourOfHalf(hours: number, half: string): number | null {
  if (hours < 1 || hours > 12) return null;
  return (hours % 12) + (half === 'pm' ? 12 : 0);
}
