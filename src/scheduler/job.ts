import type { EventType } from '../domain/events/event-types.js';

/** The result of one run of a job. */
export interface JobRun {
  /** The number of changed tasks, agents or rows. */
  readonly handled: number;
  /** Milliseconds until there is work again, if that is known. 0 if there is more work now. */
  readonly nextInMs?: number | undefined;
}

/** The part of an entry of the event log that decides whether a job is woken. */
export interface LoggedEvent {
  readonly type: string;
  readonly payload: unknown;
  /** The agent that the event is about. For events of a task, its assignee at that moment. */
  readonly agentId?: string | null | undefined;
}

/**
 * Work that is repeated. Every process runs every job, without a leader: a run locks the rows that it works
 * on, and other processes skip locked rows. A run is short, and a long backlog takes many runs.
 */
export interface Job {
  /** The job's stable name, in the API and in the table `scheduler_jobs`. */
  readonly name: string;
  /** The longest pause between two runs, in milliseconds. */
  readonly everyMs: number;
  /** Runs the job once. */
  runOnce(): Promise<JobRun>;
  /** Types of events that may create work for the job. */
  readonly wakingTypes?: readonly EventType[];
  /** Whether this event of those types wakes the job. Without this function, each does. */
  isWokenBy?(event: LoggedEvent): boolean;
}

/** A field of an event's payload. Undefined if the payload does not have it. */
export function readPayload(event: LoggedEvent, field: 'job' | 'to' | 'from'): unknown {
  const { payload } = event;
  return typeof payload === 'object' && payload !== null
    ? new Map(Object.entries(payload)).get(field)
    : undefined;
}

/** The names of the jobs that an event wakes. The resumption of a job wakes that job. */
export function jobsFor(event: LoggedEvent, jobs: readonly Job[]): string[] {
  const resumed = event.type === 'scheduler.resumed' ? readPayload(event, 'job') : undefined;
  return jobs.filter((job) => job.name === resumed || isWoken(job, event)).map((job) => job.name);
}

function isWoken(job: Job, event: LoggedEvent): boolean {
  const isOfType = job.wakingTypes?.some((type) => type === event.type) ?? false;
  return isOfType && (job.isWokenBy?.(event) ?? true);
}
