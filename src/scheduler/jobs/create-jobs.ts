import type { Job } from '../job.js';
import { checkActivityJob, countActivityJob } from './count-activity.js';
import { dispatchAssignedTasksJob } from './dispatch-assigned-tasks.js';
import { expireQuestionsJob } from './expire-questions.js';
import { indexTextsJob } from './index-texts.js';
import type { JobContext } from './job-context.js';
import { markAgentsOfflineJob } from './mark-agents-offline.js';
import { pruneEventsJob } from './prune-events.js';
import { pruneIdempotencyKeysJob } from './prune-idempotency-keys.js';
import { requeueStaleTasksJob } from './requeue-stale-tasks.js';
import { runAegisReviewsJob } from './run-aegis-reviews.js';
import { spawnRecurringTasksJob } from './spawn-recurring-tasks.js';

/** Settings of all jobs. */
export interface JobSettings {
  /** The longest pause between two runs of a job, in milliseconds. */
  readonly jobIntervalMs: number;
}

/** Creates every job of the server, in the order in which the API lists them. */
export function createJobs(context: JobContext, { jobIntervalMs }: JobSettings): Job[] {
  return [
    dispatchAssignedTasksJob,
    runAegisReviewsJob,
    spawnRecurringTasksJob,
    requeueStaleTasksJob,
    expireQuestionsJob,
    markAgentsOfflineJob,
    pruneEventsJob,
    pruneIdempotencyKeysJob,
    countActivityJob,
    checkActivityJob,
    indexTextsJob,
  ].map((create) => create(context, jobIntervalMs));
}
