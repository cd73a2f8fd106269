/**
 * **Queue order** is the order in which waiting tasks are claimed and dispatched: first by priority (CRITICAL, HIGH,
 * MEDIUM, LOW), then by due date (tasks without one last), then by creation, then by number. Nothing else counts: a
 * task that is assigned to the agent has no precedence over a task in the inbox.
 */
export const QUEUE_ORDER = ['priority', 'dueAt', 'createdAt', 'number'] as const;

/**
 * The order in which reviews are claimed and sent: the same, with the time of the change to REVIEW instead of the
 * creation.
 */
export const REVIEW_QUEUE_ORDER = ['priority', 'dueAt', 'statusAt', 'number'] as const;
