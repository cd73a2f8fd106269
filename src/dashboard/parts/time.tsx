import { now } from '../frame/clock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const exact = new Intl.DateTimeFormat('en-GB', {
  ...{
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  },
  timeZoneName: 'longOffset',
});
const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
});
const fullDate = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** A duration in at most two units: `12 s`, `3 m`, `2 h 10 m`, `4 d`. */
export function durationText(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE) return `${Math.floor(whole / 1_000)} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m`;
  if (whole < DAY) {
    const minutes = Math.floor((whole % HOUR) / MINUTE);
    return `${Math.floor(whole / HOUR)} h${minutes > 0 ? ` ${minutes} m` : ''}`;
  }
  return `${Math.floor(whole / DAY)} d`;
}

/** How long something took: below a second it is not nothing. */
export function lengthText(ms: number): string {
  return ms < 1_000 ? '<1 s' : durationText(ms);
}

/** The exact instant in the zone of the reader, with its offset. */
function exactText(at: string): string {
  return exact.format(new Date(at));
}

/** A point in time as people say it, seen from the present: `3 m ago`, `yesterday 14:02`, `4 Nov 09:30`. */
function agoText(at: string, present: number): string {
  const time = new Date(at).getTime();
  const age = present - time;
  if (age < 0) return `in ${durationText(-age)}`;
  if (age < 12 * HOUR) return `${durationText(age)} ago`;
  const date = new Date(at);
  const today = new Date(present);
  const days = Math.round((startOfDay(today) - startOfDay(date)) / DAY);
  if (days === 0) return `today ${clockTime.format(date)}`;
  if (days === 1) return `yesterday ${clockTime.format(date)}`;
  return days < 300 ? dayAndTime.format(date) : fullDate.format(date);
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** A point in time, relative to now. The exact instant is shown on hover. It ticks by itself. */
export function Ago({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={exactText(at)}>
      {agoText(at, now.value)}
    </time>
  );
}

/** How long something has lasted. It ticks by itself. */
export function Age({ since }: { readonly since: string }) {
  return (
    <time dateTime={since} title={`since ${exactText(since)}`}>
      {durationText(now.value - new Date(since).getTime())}
    </time>
  );
}
