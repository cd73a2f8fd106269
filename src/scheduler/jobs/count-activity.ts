import { checkActivity, countNextEvents } from '../../services/events/count-activity.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/** Adds new events of the log to the counts from which statistics are read. */
export function countActivityJob(context: JobContext, everyMs: number): Job {
  return {
    name: 'countActivity',
    everyMs,
    async runOnce() {
      const { counted, hasMore } = await countNextEvents(context);
      return { handled: counted, nextInMs: hasMore ? 0 : everyMs };
    },
  };
}

/** A day with 100,000 events takes half a second to check. */
const CHECK_EVERY_MS = 600_000;

/** Compares the counts of one day in each run with the log, and corrects them. */
export function checkActivityJob(context: JobContext): Job {
  return {
    name: 'checkActivity',
    everyMs: CHECK_EVERY_MS,
    runOnce: async () => ({ handled: await checkActivity(context) }),
  };
}
