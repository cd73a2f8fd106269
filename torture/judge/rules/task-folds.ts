import { foldEvents } from '../../../test/model/fold-events.js';
import type { EventRow, TaskRow } from '../evidence.js';
import { groupBy, type Rule } from '../rule.js';

/** Folding the events of a task in the order of the log gives its row. */
export const taskFolds: Rule = {
  name: 'task-folds',
  promise: 'The events of a task, folded in the order of the log, give its row.',
  find({ tasks, events }) {
    const eventsOf = groupBy(events, ({ task_id: id }) => id);
    const known = new Set(tasks.map(({ id }) => id));
    return [
      ...tasks.flatMap((task) => compare(task, eventsOf.get(task.id) ?? [])),
      ...[...eventsOf.keys()].filter((id) => !known.has(id)).map((id) => `${id} has events and no row`),
    ];
  },
};

function compare(task: TaskRow, events: readonly EventRow[]): string[] {
  try {
    const { status, assigneeId, runId, comments } = foldEvents(events);
    const folded = { status, assignee_id: assigneeId, current_run_id: runId, comments };
    return Object.entries(folded).flatMap(([column, value]) => {
      const stored = task[column as keyof typeof folded];
      return stored === value ? [] : [`${task.id}: ${column} is ${stored}, and ${value} by the log`];
    });
  } catch (error) {
    return [`${task.id}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
