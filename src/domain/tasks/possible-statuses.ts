import type { TaskFilter } from './task-filter.js';
import { isTerminal, TASK_STATUSES, type TaskStatus } from './task-status.js';
import { WAITING_RULES } from './waiting-reasons.js';

/**
 * The statuses that a task can have that matches the filter. An index answers each of them in order, so a list that knows
 * them reads no task of another status. The list may be longer than needed, but leaves out no match.
 */
export function possibleStatuses(filter: TaskFilter): readonly TaskStatus[] {
  return TASK_STATUSES.filter((status) => mayMatch(filter, status));
}

function mayMatch(filter: TaskFilter, status: TaskStatus): boolean {
  const { and, or, not } = filter;
  return (
    fits(filter, status) &&
    (and ?? []).every((part) => mayMatch(part, status)) &&
    (!or || or.some((part) => mayMatch(part, status))) &&
    !(not && matchesAll(not, status))
  );
}

/** Whether the conditions of this part alone allow the status. The constraints of the table tasks have the same rules. */
function fits(filter: TaskFilter, status: TaskStatus): boolean {
  const { assignee, unassigned, pinned, overdue, failureReason, waitingOn } = filter;
  if (filter.status && !filter.status.includes(status)) return false;
  if (unassigned === true && (status === 'ASSIGNED' || status === 'IN_PROGRESS')) return false;
  if ((assignee || unassigned === false || pinned === true) && status === 'INBOX') return false;
  if (overdue === true && isTerminal(status)) return false;
  if (failureReason && status !== 'FAILED') return false;
  if (hasEnded(filter) && !isTerminal(status)) return false;
  return !waitingOn || waitingOn.some((reason) => canWait(reason, status));
}

/** Whether every task that matches has ended: open tasks have no time of their end. */
function hasEnded({ completedAt }: TaskFilter): boolean {
  return Boolean(completedAt?.gte ?? completedAt?.lt);
}

function canWait(reason: NonNullable<TaskFilter['waitingOn']>[number], status: TaskStatus): boolean {
  if (reason === 'WAITING_FOR_CLAIM') return status === 'INBOX' || status === 'ASSIGNED';
  return WAITING_RULES.some((rule) => rule.reason === reason && rule.statuses.includes(status));
}

/** Whether the filter matches every task of the status: it has conditions on the status only. */
function matchesAll({ status: statuses, and, or, not, ...others }: TaskFilter, status: TaskStatus): boolean {
  return (
    Object.values(others).every((value) => value === null || value === undefined) &&
    (!statuses || statuses.includes(status)) &&
    (and ?? []).every((part) => matchesAll(part, status)) &&
    (!or || or.some((part) => matchesAll(part, status))) &&
    !(not && mayMatch(not, status))
  );
}
