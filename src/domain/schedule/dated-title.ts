import { LIMITS } from '../limits.js';
import type { Recurrence } from './recurrence.js';

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/**
 * The title of a task that a recurring task makes: `Report - Nov 22`, or `Report - Nov 22, 13:05` where there may be
 * several a day. In the time zone of the schedule. A long title is cut, so that the date stays.
 */
export function dateTitle(title: string, { cron, timeZone }: Recurrence, dueAt: Date): string {
  const date = formatOf(timeZone, !isDailyAtMost(cron)).format(dueAt);
  const room = LIMITS.titleLength - date.length - ' - '.length;
  return `${cut(title, room)} - ${date}`;
}

/** One minute of one hour: no day has two such times. */
function isDailyAtMost(cron: string): boolean {
  const [minute = '', hour = ''] = cron.split(' ');
  return /^\d+$/.test(minute) && /^\d+$/.test(hour);
}

function formatOf(timeZone: string, withTime: boolean): Intl.DateTimeFormat {
  const key = `${timeZone} ${withTime}`;
  let format = FORMATS.get(key);
  if (format === undefined) {
    const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      month: 'short',
      day: 'numeric',
      ...(withTime ? time : {}),
    });
    FORMATS.set(key, format);
  }
  return format;
}

/** Never in the middle of a character that takes two places. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
