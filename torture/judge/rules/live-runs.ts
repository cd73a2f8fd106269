import type { EventRow } from '../evidence.js';
import { groupBy, type Rule } from '../rule.js';
import { isEndOfRun } from './run-events.js';

/** A task has at most one live run, at every moment. */
export const liveRuns: Rule = {
  name: 'live-runs',
  promise: 'A task never has two live runs, and a round of review never two live reviews.',
  find({ events, runs, openReviews }) {
    const found = findInLog(events);
    const running = runs.filter(({ outcome }) => outcome === 'RUNNING');
    for (const [taskId, both] of groupBy(running, (run) => run.task_id))
      if (both.length > 1) found.push(`${taskId} has ${both.length} rows of live runs`);
    for (const { task_id: taskId, count } of openReviews)
      if (count > 1) found.push(`${taskId} has ${count} live reviews`);
    return found;
  },
};

function findInLog(events: readonly EventRow[]): string[] {
  const found: string[] = [];
  const live = new Map<string, string>();
  for (const { id, type, task_id: taskId, run_id: runId } of events) {
    if (taskId === null || runId === null) continue;
    const other = live.get(taskId);
    if (type === 'run.started' && other !== undefined)
      found.push(`${taskId}: ${runId} started at ${id} while ${other} was live`);
    if (type === 'run.started') live.set(taskId, runId);
    if (isEndOfRun(type)) live.delete(taskId);
  }
  return found;
}
