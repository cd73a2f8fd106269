/**
 * Measures waits and durations of this process. Its reading means nothing to another process: what is stored or shown, and
 * whether something has expired, is decided by the database's clock.
 */
export interface Clock {
  /** Whole milliseconds from an arbitrary beginning. Never jumps and never goes back, unlike the time of day. */
  now(): number;
}

/** The monotonic clock of the operating system. */
export const systemClock: Clock = { now: () => Math.floor(performance.now()) };

/** The time of day of this machine, in milliseconds since the Unix epoch. It may jump, so it is only for people to read. */
export function readTimeOfDay(): number {
  return Date.now();
}

/** Turns milliseconds since the Unix epoch into a Date. No other code constructs dates, except parsers. */
export function toDate(epochMs: number): Date {
  return new Date(epochMs);
}
