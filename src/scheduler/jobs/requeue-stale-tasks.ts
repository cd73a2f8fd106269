import { releaseStaleReviews } from '../../services/reviews/release-stale-reviews.js';
import { requeueStaleTasks } from '../../services/runs/requeue-stale-tasks.js';
import { returnAbandonedTasks } from '../../services/runs/return-abandoned-tasks.js';
import { type Job, readPayload } from '../job.js';
import type { JobContext } from './job-context.js';

/**
 * Requeues tasks and reviews of agents that let their lease end, and returns rejected work of silent agents to the inbox.
 * The next run is due when the next lease ends.
 */
export function requeueStaleTasksJob(context: JobContext, everyMs: number): Job {
  return {
    name: 'requeueStaleTasks',
    everyMs,
    async runOnce() {
      // A failure with tasks must not keep the reviews waiting.
      const [tasks, reviews, abandoned] = await Promise.allSettled([
        requeueStaleTasks(context),
        releaseStaleReviews(context),
        returnAbandonedTasks(context),
      ]);
      if (tasks.status === 'rejected') throw tasks.reason;
      if (reviews.status === 'rejected') throw reviews.reason;
      if (abandoned.status === 'rejected') throw abandoned.reason;
      return {
        handled: tasks.value.handled + reviews.value.handled + abandoned.value,
        nextInMs: Math.min(tasks.value.nextInMs, reviews.value.nextInMs),
      };
    },
    wakingTypes: ['agent.status_changed'],
    isWokenBy: (event) => readPayload(event, 'to') === 'OFFLINE',
  };
}
