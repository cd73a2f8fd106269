import { spawnRecurringTasks } from '../../services/recurring/spawn-recurring-tasks.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/** Creates the tasks of recurring tasks that are due. The next run is due at the next due time. */
export function spawnRecurringTasksJob(context: JobContext, everyMs: number): Job {
  return {
    name: 'spawnRecurringTasks',
    everyMs,
    runOnce: () => spawnRecurringTasks(context),
    wakingTypes: ['recurring.created', 'recurring.updated', 'recurring.resumed'],
  };
}
