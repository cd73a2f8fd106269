import { groupBy, type Rule } from '../rule.js';

/** Each due time of a recurring task has one task. */
export const dueTimes: Rule = {
  name: 'due-times',
  promise: 'Each due time of a recurring task creates at most one task, and its counters agree.',
  find({ tasks, firings, recurring, events }) {
    const found: string[] = [];
    const children = tasks.filter(({ recurring_task_id: id }) => id !== null);
    const dueOf = (id: string | null, dueAt: number | null) => `${id} at ${dueAt}`;
    for (const [due, both] of groupBy(children, (task) => dueOf(task.recurring_task_id, task.scheduled_for)))
      if (both.length > 1) found.push(`${due} has ${both.length} tasks`);
    const fired = firings.filter(({ task_id: id }) => id !== null);
    const known = new Map(
      children.map((task) => [task.id, dueOf(task.recurring_task_id, task.scheduled_for)]),
    );
    for (const { recurring_task_id: id, due_at: dueAt, task_id: taskId } of fired) {
      const due = dueOf(id, dueAt);
      if (taskId !== null && known.has(taskId) && known.get(taskId) !== due)
        found.push(`${taskId} was made for ${known.get(taskId)}, and recorded for ${due}`);
    }
    const recorded = new Set(fired.map(({ task_id: id }) => id));
    for (const { id } of children) if (!recorded.has(id)) found.push(`${id} has no record of its due time`);
    for (const { id, fire_count: count } of recurring) {
      const inLog = events.filter(
        (event) => event.recurring_task_id === id && event.type === 'recurring.fired',
      );
      if (inLog.length !== count)
        found.push(`${id} counts ${count} firings, and the log has ${inLog.length}`);
    }
    return found;
  },
};
