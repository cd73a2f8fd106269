import { MAKES_DISPATCHES } from '../../services/dispatch/dispatcher.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/**
 * Sends the assigned tasks of PUSH agents through their gateways. A turn begins calls and waits for none; a pause keeps
 * new ones from beginning, those that are on go on. Rests until time releases the next task or another process's lease ends.
 */
export function dispatchAssignedTasksJob({ dispatcher }: JobContext, everyMs: number): Job {
  return {
    name: 'dispatchAssignedTasks',
    everyMs,
    runOnce: () => dispatcher.takeTurn(),
    wakingTypes: MAKES_DISPATCHES,
    isWokenBy: (event) => dispatcher.isConcernedBy(event),
  };
}
