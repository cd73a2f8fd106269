/** No name of a time zone is longer. */
const MAX_NAME_LENGTH = 64;

const MINUTE_MS = 60_000;

/** One format per zone. Names are checked first, so there are a few hundred at most. */
const FORMATS = new Map<string, Intl.DateTimeFormat>();

/**
 * Parses the name of an IANA time zone in any letter case and returns its usual spelling. Null if there is no such
 * zone. Offsets such as `+02:00` are refused, because they have no daylight saving time.
 */
export function parseTimeZone(name: string): string | null {
  if (name.length > MAX_NAME_LENGTH || !/^[A-Za-z][\w+/-]*$/.test(name)) return null;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions();
    // The engine may return another name of the same zone. People should see the name that they wrote.
    if (timeZone.toLowerCase() === name.toLowerCase()) return timeZone;
    return isUsualName(name) ? name : timeZone;
  } catch {
    return null;
  }
}

/** Whether the name is spelled as the IANA spells names: Europe/Kyiv, US/Eastern, EST5EDT, GMT. */
function isUsualName(name: string): boolean {
  return /^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(name);
}

/** The milliseconds by which the zone's clocks are ahead of UTC at an instant. */
export function offsetAt(timeZone: string, epochMs: number): number {
  const wholeSecondMs = Math.floor(epochMs / 1_000) * 1_000;
  const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = (
    formatOf(timeZone).format(wholeSecondMs).match(/\d+/g) ?? []
  ).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecondMs;
}

/**
 * Finds the instant after `afterMs` and up to `upToMs` at which the zone's offset changed. Null if the offsets are
 * equal. The interval must contain at most one change.
 */
export function findTransition(timeZone: string, afterMs: number, upToMs: number): number | null {
  const offsetMs = offsetAt(timeZone, upToMs);
  if (offsetAt(timeZone, afterMs) === offsetMs) return null;
  // In the years of schedules, clocks change only on whole minutes of UTC.
  let before = Math.floor(afterMs / MINUTE_MS);
  let after = Math.ceil(upToMs / MINUTE_MS);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(timeZone, middle * MINUTE_MS) === offsetMs) after = middle;
    else before = middle;
  }
  return after * MINUTE_MS;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = FORMATS.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    FORMATS.set(timeZone, format);
  }
  return format;
}
