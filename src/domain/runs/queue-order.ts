/**
 * **Queue order** is the order in which waiting tasks are handed out: critical, high, medium, low; then the earliest due
 * date, none last; then the task that was created first; then the lowest number. It decides alone: a task of an agent's
 * own has no precedence over one of the inbox.
 */
export const QUEUE_ORDER = ['priority', 'dueAt', 'createdAt', 'number'] as const;

/** Reviews are handed out in the same order, but that when the work was handed in stands in place of the creation. */
export const REVIEW_QUEUE_ORDER = ['priority', 'dueAt', 'statusAt', 'number'] as const;
