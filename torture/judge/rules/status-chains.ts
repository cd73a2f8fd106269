import type { EventRow } from '../evidence.js';
import { groupBy, type Rule } from '../rule.js';

/** Folding the events of an agent gives its announced status. */
export const agentFolds: Rule = {
  name: 'agent-folds',
  promise: 'The status changes of an agent, folded in the order of the log, give its row.',
  find({ agents, events }) {
    const changes = events.filter(({ type }) => type === 'agent.status_changed');
    const changesOf = groupBy(changes, ({ agent_id: id }) => id);
    return agents.flatMap(({ id, announced_status: status }) =>
      follow(id, 'OFFLINE', status, changesOf.get(id) ?? []),
    );
  },
};

/** Folding the events of a pipeline run gives its status, and its tasks agree with it. */
export const pipelineFolds: Rule = {
  name: 'pipeline-folds',
  promise: 'The events of a pipeline run, folded in the order of the log, give its row, and its tasks agree.',
  find({ pipelineRuns, events, tasks }) {
    const changes = events.filter(({ type }) => /^pipeline\.(finished|resumed)$/.test(type));
    const changesOf = groupBy(changes, ({ pipeline_run_id: id }) => id);
    const tasksOf = groupBy(tasks, ({ pipeline_run_id: id }) => id);
    return pipelineRuns.flatMap(({ id, status }) => {
      const found = follow(id, 'RUNNING', status, changesOf.get(id) ?? []);
      const steps = tasksOf.get(id) ?? [];
      if (status === 'SUCCEEDED' && steps.some((task) => task.status !== 'DONE'))
        found.push(`${id} is SUCCEEDED, and not all its tasks are DONE`);
      if (status === 'RUNNING' && steps.every((task) => /^(DONE|FAILED|CANCELLED)$/.test(task.status)))
        found.push(`${id} is RUNNING, and all its tasks have ended`);
      if (steps.length === 0) found.push(`${id} has no tasks`);
      return found;
    });
  },
};

/** Follows the changes from the first status: each begins where the one before has ended, and the last gives the row. */
function follow(id: string, first: string, last: string, changes: readonly EventRow[]): string[] {
  const found: string[] = [];
  let status: unknown = first;
  for (const { id: position, payload } of changes) {
    if (payload.from !== status) found.push(`${id}: ${payload.from} at ${position}, after ${status}`);
    status = payload.to;
  }
  if (status !== last) found.push(`${id} is ${last}, and ${status} by the log`);
  return found;
}
