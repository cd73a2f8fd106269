import { MAKES_DISPATCHES } from '../../services/dispatch/dispatcher.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/**
 * Sends PUSH agents the tasks that are assigned to them, and tasks of the inbox, through their gateways. A run starts
 * calls and does not wait for them. While the job is paused no call starts, and open calls continue. The next run is due
 * when a task's backoff or start time ends, or when the lease of another process ends.
 */
export function dispatchAssignedTasksJob({ dispatcher }: JobContext, everyMs: number): Job {
  return {
    name: 'dispatchAssignedTasks',
    everyMs,
    runOnce: () => dispatcher.runOnce(),
    wakingTypes: MAKES_DISPATCHES,
    isWokenBy: (event) => dispatcher.isConcernedBy(event),
  };
}
