import { QUEUE_ORDER, REVIEW_QUEUE_ORDER } from '../../domain/runs/queue-order.js';

// SQL fragments. Their argument is the alias of a task, or of rows with the columns of the order.

type Key = (typeof QUEUE_ORDER | typeof REVIEW_QUEUE_ORDER)[number];

const COLUMNS = {
  priority: 'priority',
  dueAt: 'due_at',
  createdAt: 'created_at',
  statusAt: 'status_at',
  number: 'number',
} as const satisfies Record<Key, string>;

/**
 * Whether an INBOX or ASSIGNED task can be handed out now. The next claim clears a `not_before` that has passed. The
 * indexes tasks_inbox_queue and tasks_assigned_queue contain only tasks that meet this condition.
 */
export function isInQueue(t: string): string {
  return `${t}.open_dependencies = 0 AND ${t}.not_before IS NULL`;
}

/**
 * Whether the waiting task `t` is for the agent `a`: assigned to it, or in the inbox that it accepts, and it has all that
 * the task requires. The function may_take_again decides whether it gets back what it has released.
 */
export function mayHave(t: string, a: string): string {
  return `${t}.requires <@ ${a}.capabilities
    AND (${t}.status = 'ASSIGNED' AND ${t}.assignee_id = ${a}.id OR ${t}.status = 'INBOX' AND ${a}.accepts_inbox)`;
}

/** Which agents may have the task `t`: the leading key of both queues, before their order. */
export function audience(t: string): string {
  return `task_audience(${t}.requires, ${t}.released_by)`;
}

/** The `ORDER BY` of the queue. Within an audience it is the order of tasks_inbox_queue and, per agent, of tasks_assigned_queue. */
export function queueOrder(t: string): string {
  return QUEUE_ORDER.map((key) => sortKey(t, key)).join(', ');
}

/** The columns that a subquery must select so that its rows can be sorted in queue order. */
export function queueColumns(t: string): string {
  return QUEUE_ORDER.map((key) => `${t}.${COLUMNS[key]}`).join(', ');
}

/** The `ORDER BY` for tasks in REVIEW. It is the order of tasks_review_queue. */
export function reviewQueueOrder(t: string): string {
  return REVIEW_QUEUE_ORDER.map((key) => sortKey(t, key)).join(', ');
}

/** Infinity instead of NULLS LAST makes a missing due date comparable. */
function sortKey(t: string, key: Key): string {
  const column = `${t}.${COLUMNS[key]}`;
  return key === 'dueAt' ? `coalesce(${column}, 'infinity'::timestamptz)` : column;
}
