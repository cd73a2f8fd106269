/** The one place where time enters the process. Leases and schedules use the database's clock instead. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Turns an epoch in milliseconds into a Date; the only constructor call for instants outside parsing. */
export function toDate(epochMs: number): Date {
  return new Date(epochMs);
}
