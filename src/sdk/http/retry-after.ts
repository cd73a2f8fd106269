import type { HttpResponse } from './fetch.js';

/**
 * How long an answer asks to wait, in milliseconds; null if it does not ask. `Retry-After` is a number of seconds or a
 * date, and a date is compared with the answer's own `Date`, because the clock of this machine may be wrong.
 */
export function readRetryAfter(headers: HttpResponse['headers']): number | null {
  const value = headers.get('retry-after');
  if (value === null) return null;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1_000;
  const until = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(until) ? null : Math.max(0, until);
}
