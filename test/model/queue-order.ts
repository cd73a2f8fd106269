import type { TaskRow } from '../../src/store/tasks/tasks.js';

const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];

/** The values that decide the order of the queue. */
export type Queued = Pick<TaskRow, 'priority' | 'dueAt' | 'createdAt' | 'number'>;

/** The order of the queue: priority, then due date with none last, then creation, then number. */
export function compareInQueue(a: Queued, b: Queued): number {
  return (
    PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) ||
    compareNumbers(
      a.dueAt?.getTime() ?? Number.POSITIVE_INFINITY,
      b.dueAt?.getTime() ?? Number.POSITIVE_INFINITY,
    ) ||
    compareNumbers(a.createdAt.getTime(), b.createdAt.getTime()) ||
    compareNumbers(Number(a.number), Number(b.number))
  );
}

function compareNumbers(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
