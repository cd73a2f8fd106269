import type { Job } from '../job.js';
import { dispatchAssignedTasksJob } from './dispatch-assigned-tasks.js';
import type { JobContext } from './job-context.js';
import { markAgentsOfflineJob } from './mark-agents-offline.js';
import { pruneEventsJob } from './prune-events.js';
import { pruneIdempotencyKeysJob } from './prune-idempotency-keys.js';
import { requeueStaleTasksJob } from './requeue-stale-tasks.js';
import { runAegisReviewsJob } from './run-aegis-reviews.js';
import { spawnRecurringTasksJob } from './spawn-recurring-tasks.js';

export interface JobSettings {
  /** The fallback interval of every job, in milliseconds. */
  readonly jobIntervalMs: number;
}

/** Every job of the server, in the order in which the API lists them. */
export function createJobs(context: JobContext, { jobIntervalMs }: JobSettings): Job[] {
  return [
    dispatchAssignedTasksJob,
    runAegisReviewsJob,
    spawnRecurringTasksJob,
    requeueStaleTasksJob,
    markAgentsOfflineJob,
    pruneEventsJob,
    pruneIdempotencyKeysJob,
  ].map((create) => create(context, jobIntervalMs));
}
