import type { EndedAttemptsQuery } from '../../../generated/dashboard/queue.js';

/** The median and the 95th percentile of some durations, in milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

/** The times of the attempts that ended within one hour. */
export interface HourOfAttempts {
  /** The start of the hour, in seconds. */
  readonly at: number;
  /** How long tasks waited for their first attempt; null if none began. */
  readonly wait: Spread | null;
  /** How long the attempts ran. */
  readonly run: Spread;
}

interface Attempt {
  readonly endedAt: number;
  readonly runMs: number;
  /** Null after the first attempt: a later one also waited for a backoff or for a verdict. */
  readonly waitMs: number | null;
}

const HOUR_MS = 3_600_000;

/** The attempts among the events. */
export function attemptsOf({ events }: EndedAttemptsQuery): Attempt[] {
  return events.nodes.flatMap((event) => {
    const run = 'run' in event ? event.run : null;
    if (!run?.finishedAt) return [];
    const startedAt = Date.parse(run.startedAt);
    const endedAt = Date.parse(run.finishedAt);
    const readyAt = Math.max(Date.parse(run.task.createdAt), Date.parse(run.task.startsAt ?? '') || 0);
    return [{ endedAt, runMs: endedAt - startedAt, waitMs: run.number === 1 ? startedAt - readyAt : null }];
  });
}

/** The spread of all waits and of all runs; null without any. */
export function spreadsOf(attempts: readonly Attempt[]): { wait: Spread | null; run: Spread | null } {
  return {
    wait: spreadOf(attempts.flatMap(({ waitMs }) => (waitMs === null ? [] : [Math.max(0, waitMs)]))),
    run: spreadOf(attempts.map(({ runMs }) => runMs)),
  };
}

/** The spreads by hour, the oldest first. Hours without an attempt are left out. */
export function hoursOf(attempts: readonly Attempt[]): HourOfAttempts[] {
  const hours = new Map<number, Attempt[]>();
  for (const attempt of attempts) {
    const hour = Math.floor(attempt.endedAt / HOUR_MS);
    hours.set(hour, [...(hours.get(hour) ?? []), attempt]);
  }
  return [...hours]
    .toSorted(([one], [other]) => one - other)
    .flatMap(([hour, some]) => {
      const { wait, run } = spreadsOf(some);
      return run ? [{ at: (hour * HOUR_MS) / 1_000, wait, run }] : [];
    });
}

function spreadOf(durations: readonly number[]): Spread | null {
  const sorted = durations.toSorted((one, other) => one - other);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  const p50 = rank(0.5);
  const p95 = rank(0.95);
  return p50 === undefined || p95 === undefined ? null : { p50, p95 };
}
