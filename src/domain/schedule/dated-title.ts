import { LIMITS } from '../limits.js';
import type { Recurrence } from './recurrence.js';

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/**
 * The title of a task that a recurring task creates: `Report - Nov 22`, or `Report - Nov 22, 13:05` if there may be
 * several per day. The date is in the schedule's time zone. A long title is truncated, so that the date is kept.
 */
export function dateTitle(title: string, { cron, timeZone }: Recurrence, dueAt: Date): string {
  const date = formatOf(timeZone, !isDailyAtMost(cron)).format(dueAt);
  const room = LIMITS.titleLength - date.length - ' - '.length;
  return `${cut(title, room)} - ${date}`;
}

/** Whether the expression names a single minute and a single hour, so that no day has two due times. */
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

/** Truncates the text without splitting a surrogate pair. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
