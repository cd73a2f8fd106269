import { QUEUE_ORDER, REVIEW_QUEUE_ORDER } from '../../domain/runs/queue-order.js';

// Pieces of SQL. Their argument is the alias of a task, or of rows with the columns of the order.

type Key = (typeof QUEUE_ORDER | typeof REVIEW_QUEUE_ORDER)[number];

const COLUMNS = {
  priority: 'priority',
  dueAt: 'due_at',
  createdAt: 'created_at',
  statusAt: 'status_at',
  number: 'number',
} as const satisfies Record<Key, string>;

/**
 * Whether a task that is in the inbox or assigned can be handed out now. Tasks whose `not_before` has passed are let in by
 * the next claim. The indexes tasks_inbox_queue and tasks_assigned_queue hold these tasks alone.
 */
export function isInQueue(t: string): string {
  return `${t}.open_dependencies = 0 AND ${t}.not_before IS NULL`;
}

/** What `ORDER BY` says for the queue; the order of tasks_inbox_queue and, for each agent, of tasks_assigned_queue. */
export function queueOrder(t: string): string {
  return QUEUE_ORDER.map((key) => sortKey(t, key)).join(', ');
}

/** The columns that a subquery has to select for its rows to be put into queue order. */
export function queueColumns(t: string): string {
  return QUEUE_ORDER.map((key) => `${t}.${COLUMNS[key]}`).join(', ');
}

/** What `ORDER BY` says for tasks in REVIEW; the order of tasks_review_queue. */
export function reviewQueueOrder(t: string): string {
  return REVIEW_QUEUE_ORDER.map((key) => sortKey(t, key)).join(', ');
}

/** Infinity, and not NULLS LAST, makes a missing due date comparable with others. */
function sortKey(t: string, key: Key): string {
  const column = `${t}.${COLUMNS[key]}`;
  return key === 'dueAt' ? `coalesce(${column}, 'infinity'::timestamptz)` : column;
}
