/** The only source of the process's time. Leases and schedules use the database's clock instead. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** The clock of the operating system. */
export const systemClock: Clock = { now: () => Date.now() };

/** Turns milliseconds since the Unix epoch into a Date. No other code constructs dates, except parsers. */
export function toDate(epochMs: number): Date {
  return new Date(epochMs);
}
