import type { EventType } from '../domain/events/event-types.js';

/** What one turn of a job came to. */
export interface JobTurn {
  /** Things that were changed: tasks, agents, rows. */
  readonly handled: number;
  /** In how many milliseconds there will be work again, if that is known; 0 for "at once, there is more". */
  readonly nextInMs?: number | undefined;
}

/** An entry of the event log, as far as a job needs it to know whether it is concerned. */
export interface LoggedEvent {
  readonly type: string;
  readonly payload: unknown;
  /** The agent that is concerned; for events of a task its assignee at that moment. */
  readonly agentId?: string | null | undefined;
}

/**
 * Work that is done again and again. Safe to run in any number of processes at once: what it takes, it takes by row locks
 * that others step over, so there is no leader. A turn is short; a long backlog takes many.
 */
export interface Job {
  /** Stable: it is the job's name in the API and in the table `scheduler_jobs`. */
  readonly name: string;
  /** The longest rest between two turns, in milliseconds. */
  readonly everyMs: number;
  runOnce(): Promise<JobTurn>;
  /** Events that may have made work for the job. */
  readonly wakingTypes?: readonly EventType[];
  /** Whether this one of them has; left out, each has. */
  isWokenBy?(event: LoggedEvent): boolean;
}

/** A field of an event's payload; undefined if it has none of this name. */
export function readPayload(event: LoggedEvent, field: 'job' | 'to' | 'from'): unknown {
  const { payload } = event;
  return typeof payload === 'object' && payload !== null
    ? new Map(Object.entries(payload)).get(field)
    : undefined;
}

/** The names of the jobs that an event concerns: those that say so, and one that was resumed. */
export function jobsFor(event: LoggedEvent, jobs: readonly Job[]): string[] {
  const resumed = event.type === 'scheduler.resumed' ? readPayload(event, 'job') : undefined;
  return jobs.filter((job) => job.name === resumed || isWoken(job, event)).map((job) => job.name);
}

function isWoken(job: Job, event: LoggedEvent): boolean {
  const isOfType = job.wakingTypes?.some((type) => type === event.type) ?? false;
  return isOfType && (job.isWokenBy?.(event) ?? true);
}
