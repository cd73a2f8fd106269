import type { EventType } from '../domain/events/event-types.js';
import type { Service } from '../kernel/service.js';
import type { JobRunner } from '../services/service-context.js';
import { type Job, jobsFor, type LoggedEvent } from './job.js';
import { createJobLoop } from './job-loop.js';
import { createJobTurns, type TurnOptions } from './job-turns.js';

/** The jobs to run, and what their turns need. */
export interface SchedulerOptions extends TurnOptions {
  readonly jobs: readonly Job[];
}

/**
 * Runs each job in its own loop, so that a slow or failing job delays no other. A scheduler that is not started runs
 * jobs only on demand.
 */
export interface Scheduler extends Service, JobRunner {
  /** Makes one job, or all jobs, take a turn now instead of later. */
  wake(name?: string): void;
  /** The types of events that must be passed to `notice`. */
  readonly wakingTypes: readonly EventType[];
  /** Wakes the jobs for these entries of the log. Neither throws nor waits. */
  notice(events: readonly LoggedEvent[]): void;
}

/** Creates a scheduler that is not started. */
export function createScheduler({ jobs, ...options }: SchedulerOptions): Scheduler {
  const entries = new Map(
    jobs.map((job) => {
      const turns = createJobTurns(job, options);
      return [job.name, { job, turns, loop: createJobLoop(turns.takeIfActive, options.clock) }];
    }),
  );

  function get(name: string) {
    const entry = entries.get(name);
    if (entry === undefined) throw new RangeError(`The scheduler has no job ${name}`);
    return entry;
  }

  const each = (work: (service: Service) => Promise<void>) =>
    Promise.all([...entries.values()].map(({ loop }) => work(loop)));

  return {
    names: [...entries.keys()],
    everyMs: (name) => get(name).job.everyMs,
    nextRunAt: (name) => get(name).loop.nextRunAt(),
    async runOnce(name) {
      const { loop, turns } = get(name);
      return (await loop.between(turns.takeNow)).handled;
    },
    wake(name) {
      for (const { job, loop } of entries.values()) if (name === undefined || name === job.name) loop.wake();
    },
    wakingTypes: ['scheduler.resumed', ...jobs.flatMap(({ wakingTypes = [] }) => wakingTypes)],
    notice(events) {
      for (const event of events) for (const name of jobsFor(event, jobs)) get(name).loop.wake();
    },
    async start() {
      await each((loop) => loop.start());
    },
    async stop() {
      await each((loop) => loop.stop());
    },
  };
}
