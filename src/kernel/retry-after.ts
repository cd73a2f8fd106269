import { readTimeOfDay } from './clock.js';

/** The value of a header of an answer, by its name in lower case. */
type ReadHeader = (name: string) => string | null | undefined;

/** Reads how long to wait from `retry-after-ms`, or from `Retry-After` in seconds or as a date. Null if neither says. */
export function readRetryAfter(header: ReadHeader): number | null {
  const ms = toCount(header('retry-after-ms'));
  if (ms !== null) return ms;
  const value = header('retry-after');
  const seconds = toCount(value);
  if (seconds !== null) return seconds * 1_000;
  const until = Date.parse(value ?? '');
  if (Number.isNaN(until)) return null;
  // The sender's own time: its clock and ours need not agree.
  const sentAt = Date.parse(header('date') ?? '');
  return Math.max(0, until - (Number.isNaN(sentAt) ? readTimeOfDay() : sentAt));
}

function toCount(value: string | null | undefined): number | null {
  const text = value?.trim() ?? '';
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}
