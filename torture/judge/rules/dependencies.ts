import type { DependencyRow, EventRow, Evidence } from '../evidence.js';
import { byId, groupBy, type Rule } from '../rule.js';

/** No run starts before the dependencies of its task are settled, and every settled dependency is counted. */
export const dependencies: Rule = {
  name: 'dependencies',
  promise: 'No run of a task starts before its dependencies are settled.',
  find(evidence) {
    const tasks = byId(evidence.tasks);
    const eventsOf = groupBy(evidence.events, ({ task_id: id }) => id);
    return evidence.dependencies.flatMap((edge) => {
      const task = tasks.get(edge.task_id);
      const isProceeding = task?.on_dependency_failure === 'PROCEED';
      const settledAt = findSettled(eventsOf.get(edge.depends_on_id) ?? [], isProceeding);
      const name = `${edge.task_id} on ${edge.depends_on_id}`;
      const found = startsBefore(edge, eventsOf.get(edge.task_id) ?? [], settledAt).map(
        (position) => `${name}: a run started at ${position}, before it was settled`,
      );
      const isOpenForLong = !edge.is_settled && settledAt !== null && isWaiting(task);
      if (isOpenForLong) found.push(`${name}: ended at ${settledAt} and is not settled`);
      if (edge.is_settled && settledAt === null) found.push(`${name}: settled, and never ended`);
      return found;
    });
  },
};

/** The position at which a dependency was settled first: by success, or by any end if the task proceeds. */
function findSettled(events: readonly EventRow[], isProceeding: boolean): number | null {
  const settles = isProceeding ? ['DONE', 'FAILED', 'CANCELLED'] : ['DONE'];
  return events.find(({ payload }) => settles.includes(String(payload.to)))?.id ?? null;
}

function isWaiting(task: Evidence['tasks'][number] | undefined): boolean {
  return task?.status === 'INBOX' || task?.status === 'ASSIGNED';
}

/** The starts of runs after the dependency was added and before it was settled. */
function startsBefore(edge: DependencyRow, events: readonly EventRow[], settledAt: number | null): number[] {
  // The events of a transaction have its time, and so has the row of the dependency.
  const added = events.find(
    ({ type, at }) => /^task\.(created|updated)$/.test(type) && Math.abs(at - edge.created_at) < 1_000,
  );
  if (added === undefined) return [];
  return events
    .filter(
      ({ type, id }) => type === 'run.started' && id > added.id && (settledAt === null || id < settledAt),
    )
    .map(({ id }) => id);
}
