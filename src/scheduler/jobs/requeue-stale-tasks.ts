import { releaseStaleReviews } from '../../services/reviews/release-stale-reviews.js';
import { requeueStaleTasks } from '../../services/runs/requeue-stale-tasks.js';
import { type Job, readPayload } from '../job.js';
import type { JobContext } from './job-context.js';

/** Takes tasks and reviews back from agents that let their lease end. Rests until the next lease ends. */
export function requeueStaleTasksJob(context: JobContext, everyMs: number): Job {
  return {
    name: 'requeueStaleTasks',
    everyMs,
    async runOnce() {
      // Reviews get their turn whatever becomes of the tasks.
      const [tasks, reviews] = await Promise.allSettled([
        requeueStaleTasks(context),
        releaseStaleReviews(context),
      ]);
      if (tasks.status === 'rejected') throw tasks.reason;
      if (reviews.status === 'rejected') throw reviews.reason;
      return {
        handled: tasks.value.handled + reviews.value.handled,
        nextInMs: Math.min(tasks.value.nextInMs, reviews.value.nextInMs),
      };
    },
    wakingTypes: ['agent.status_changed'],
    isWokenBy: (event) => readPayload(event, 'to') === 'OFFLINE',
  };
}
