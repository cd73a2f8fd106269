/** Longer than any name there is. */
const MAX_NAME_LENGTH = 64;

const MINUTE_MS = 60_000;

/** One for each zone that was ever asked about; names are checked first, so there are a few hundred at most. */
const FORMATS = new Map<string, Intl.DateTimeFormat>();

/**
 * The IANA time zone of this name, in its usual letters; null if there is none. Offsets such as `+02:00` are no zones:
 * they know nothing of daylight saving.
 */
export function parseTimeZone(name: string): string | null {
  if (name.length > MAX_NAME_LENGTH || !/^[A-Za-z][\w+/-]*$/.test(name)) return null;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions();
    // What the engine answers may be another name of the same zone: people keep the one that they wrote.
    if (timeZone.toLowerCase() === name.toLowerCase()) return timeZone;
    return isUsualName(name) ? name : timeZone;
  } catch {
    return null;
  }
}

/** Europe/Kyiv, US/Eastern, EST5EDT, GMT: as the IANA writes names. */
function isUsualName(name: string): boolean {
  return /^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(name);
}

/** How far the zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function offsetAt(timeZone: string, epochMs: number): number {
  const wholeSecondMs = Math.floor(epochMs / 1_000) * 1_000;
  const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = (
    formatOf(timeZone).format(wholeSecondMs).match(/\d+/g) ?? []
  ).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecondMs;
}

/**
 * The instant, after the first and up to the second of two, at which the zone's clocks were set to what they show at the
 * second; null if they show the same at both. Between the two they are set once at most.
 */
export function findTransition(timeZone: string, afterMs: number, upToMs: number): number | null {
  const offsetMs = offsetAt(timeZone, upToMs);
  if (offsetAt(timeZone, afterMs) === offsetMs) return null;
  // Clocks are set on whole minutes of UTC in all that schedules deal with.
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
