import type { LogEvent } from '../../../sdk/index.js';

/** A line of the timeline: an event, with what was folded into it. */
export interface TimelineRow {
  readonly event: LogEvent;
  /** How long nothing happened before it, in milliseconds; 0 if that is not worth a line. */
  readonly idleMs: number;
  /** Earlier reports of progress of the same attempt, which only matter to those who ask for them. */
  readonly earlier: readonly LogEvent[];
}

/** A pause of more than this is one line, in milliseconds. */
const IDLE_MS = 3_600_000;

/** The lines of the events: idle stretches and chains of progress reports take one line each. */
export function rowsOf(events: readonly LogEvent[]): TimelineRow[] {
  const rows: TimelineRow[] = [];
  let last: LogEvent | undefined;
  for (const event of events) {
    const idleMs = last ? idleBetween(last.at, event.at) : 0;
    const previous = rows.at(-1);
    if (previous && idleMs === 0 && isSameProgress(previous.event, event))
      rows[rows.length - 1] = { ...previous, event, earlier: [...previous.earlier, previous.event] };
    else rows.push({ event, idleMs, earlier: [] });
    last = event;
  }
  return rows;
}

/** How long nothing happened between two instants; 0 if that is not worth a line. */
export function idleBetween(from: string, to: string | number): number {
  const length = new Date(to).getTime() - new Date(from).getTime();
  return length > IDLE_MS ? length : 0;
}

function isSameProgress(one: LogEvent, other: LogEvent): boolean {
  if (one.type !== 'run.progress' || other.type !== 'run.progress') return false;
  return runOf(one) === runOf(other);
}

function runOf(event: LogEvent): string | undefined {
  return event.__typename === 'RunEvent' ? event.run?.id : undefined;
}
