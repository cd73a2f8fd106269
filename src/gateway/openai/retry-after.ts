import { readTimeOfDay } from '../../kernel/clock.js';

/** Reads how long to wait from `retry-after-ms`, or from `Retry-After` in seconds or as a date. Null if neither says. */
export function readRetryAfter(headers: Headers | undefined): number | null {
  const ms = toCount(headers?.get('retry-after-ms'));
  if (ms !== null) return ms;
  const value = headers?.get('retry-after');
  const seconds = toCount(value);
  if (seconds !== null) return seconds * 1_000;
  const until = Date.parse(value ?? '');
  if (Number.isNaN(until)) return null;
  // The endpoint's own time: its clock and ours need not agree.
  const sentAt = Date.parse(headers?.get('date') ?? '');
  return Math.max(0, until - (Number.isNaN(sentAt) ? readTimeOfDay() : sentAt));
}

function toCount(value: string | null | undefined): number | null {
  const text = value?.trim() ?? '';
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}
