import type { Evidence, TaskRow } from '../evidence.js';
import { groupBy, type Rule } from '../rule.js';

/** The counters of tasks are what they count. */
export const counters: Rule = {
  name: 'counters',
  promise: 'The counters of a task are what they count.',
  find(evidence) {
    const runsOf = groupBy(evidence.runs, (run) => run.task_id);
    const openOf = groupBy(
      evidence.dependencies.filter(({ is_settled: isSettled }) => !isSettled),
      (edge) => edge.task_id,
    );
    const eventsOf = groupBy(evidence.events, ({ task_id: id }) => id);
    return evidence.tasks.flatMap((task) => {
      const runs = runsOf.get(task.id) ?? [];
      const events = eventsOf.get(task.id) ?? [];
      return [
        ...differ(task, 'run_count', runs.length),
        ...differ(task, 'open_dependencies', openOf.get(task.id)?.length ?? 0),
        ...differ(task, 'review_round', events.filter(({ payload }) => payload.to === 'REVIEW').length),
        ...listDoubled(task.id, runs),
      ];
    });
  },
};

/** Work that succeeded is counted once: each completion of a task is one run that succeeded. */
export const doneOnce: Rule = {
  name: 'done-once',
  promise: 'Each completion of a task is one run that succeeded, and each round has one verdict that counts.',
  find({ runs, events, reviews }) {
    const completions = groupBy(
      events.filter(({ type }) => type === 'task.completed'),
      ({ run_id: id }) => id,
    );
    const found = runs
      .filter(({ outcome }) => outcome === 'SUCCEEDED')
      .filter(({ id }) => completions.get(id)?.length !== 1)
      .map(
        ({ id }) => `${id} succeeded, and the log has ${completions.get(id)?.length ?? 0} completions of it`,
      );
    const counting = reviews.filter(({ superseded }) => !superseded);
    for (const [round, both] of groupBy(counting, (review) => `${review.task_id}, round ${review.round}`))
      if (both.length > 1) found.push(`${round} has ${both.length} verdicts that count`);
    return found;
  },
};

/** A call that was repeated under its idempotency key took effect once. */
export const sentOnce: Rule = {
  name: 'sent-once',
  promise: 'What a client sends under one idempotency key is stored once, however often it repeats the call.',
  find: ({ doubled }) => doubled.map(({ text, count }) => `“${text}” is stored ${count} times`),
};

function differ(
  task: TaskRow,
  column: 'run_count' | 'open_dependencies' | 'review_round',
  counted: number,
): string[] {
  return task[column] === counted ? [] : [`${task.id}: ${column} is ${task[column]}, counted ${counted}`];
}

function listDoubled(taskId: string, runs: Evidence['runs']): string[] {
  const numbers = runs.map(({ number }) => number).sort((a, b) => a - b);
  const isDense = numbers.every((number, place) => number === place + 1);
  return isDense ? [] : [`${taskId}: its runs have the numbers ${numbers.join(', ')}`];
}
