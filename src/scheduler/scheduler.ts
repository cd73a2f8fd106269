import type { EventType } from '../domain/events/event-types.js';
import type { Service } from '../kernel/service.js';
import type { JobRunner } from '../services/service-context.js';
import { type Job, jobsFor, type LoggedEvent } from './job.js';
import { createJobLoop } from './job-loop.js';
import { createJobRuns, type JobRunOptions } from './job-runs.js';

/** The jobs to run, and what their runs need. */
export interface SchedulerOptions extends JobRunOptions {
  readonly jobs: readonly Job[];
}

/**
 * Runs each job in its own loop, so that a slow or failing job delays no other. A scheduler that is not started runs
 * jobs only on demand.
 */
export interface Scheduler extends Service, JobRunner {
  /** Makes one job, or all jobs, run now instead of later. */
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
      const runs = createJobRuns(job, options);
      return [job.name, { job, runs, loop: createJobLoop(runs.runIfActive, options.clock) }];
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
    nextRunInMs: (name) => get(name).loop.nextRunInMs(),
    async runOnce(name) {
      const { loop, runs } = get(name);
      return (await loop.between(runs.runNow)).handled;
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
