import type { Look } from './look.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A length of time with two units at most: `12s`, `3m`, `2h 10m`, `4d 2h`. */
export function shortDuration(ms: number): string {
  const length = Math.max(0, ms);
  if (length < MINUTE_MS) return `${Math.floor(length / 1_000)}s`;
  if (length < HOUR_MS) return `${Math.floor(length / MINUTE_MS)}m`;
  if (length < DAY_MS) return units(length, HOUR_MS, 'h', MINUTE_MS, 'm');
  return units(length, DAY_MS, 'd', HOUR_MS, 'h');
}

function units(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${Math.floor(ms / largeMs)}${large}${rest > 0 ? ` ${rest}${small}` : ''}`;
}

/** How long ago an instant was: `3m`. */
export function age(instant: string, { nowMs }: Look): string {
  return shortDuration(nowMs - Date.parse(instant));
}

/** How far away an instant is: `in 6m`, `3m ago`. */
export function distance(instant: string, { nowMs }: Look): string {
  const ms = Date.parse(instant) - nowMs;
  return ms >= 0 ? `in ${shortDuration(ms)}` : `${shortDuration(-ms)} ago`;
}

/** A day and a time of day: `today 18:00`, `tomorrow 18:00`, `Mon 30 Nov 09:00`. */
export function moment(instant: string, { nowMs }: Look): string {
  const date = new Date(instant);
  const time = format(date, { hour: '2-digit', minute: '2-digit' });
  const days = startOfDay(date) - startOfDay(new Date(nowMs));
  // Days of 23 and 25 hours occur, so the difference is rounded.
  const name = new Map([
    [-1, 'yesterday'],
    [0, 'today'],
    [1, 'tomorrow'],
  ]).get(Math.round(days / DAY_MS));
  return `${name ?? format(date, { weekday: 'short', day: 'numeric', month: 'short' })} ${time}`;
}

/** The same in a time zone, always with the day: `Mon 30 Nov 09:00`. */
export function momentIn(timeZone: string, instant: string): string {
  const date = new Date(instant);
  const day = format(date, { weekday: 'short', day: 'numeric', month: 'short', timeZone });
  return `${day} ${format(date, { hour: '2-digit', minute: '2-digit', timeZone })}`;
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function format(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', { hourCycle: 'h23', ...options }).format(date).replace(',', '');
}
