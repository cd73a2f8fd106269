import { isTerminal, type TaskStatus } from '../task-status.js';

export type DependencyFailurePolicy = 'BLOCK' | 'CANCEL' | 'PROCEED';

/** What the end of a dependency means for a task that waits for it. */
export type DependencyEnd = 'settle' | 'block' | 'cancel' | 'proceed';

/**
 * DONE settles the dependency. FAILED and CANCELLED follow the dependent's policy, but a dependent that has ended or is
 * being worked on is left as it is.
 */
export function decideDependencyEnd(
  end: TaskStatus,
  dependent: { readonly status: TaskStatus; readonly onDependencyFailure: DependencyFailurePolicy },
): DependencyEnd {
  if (end === 'DONE') return 'settle';
  if (dependent.onDependencyFailure === 'PROCEED') return 'proceed';
  if (dependent.onDependencyFailure === 'CANCEL' && !isTerminal(dependent.status)) return 'cancel';
  return 'block';
}

/** Whether a dependency in this status holds a new task back. */
export function isOpenDependency(status: TaskStatus, policy: DependencyFailurePolicy): boolean {
  if (status === 'DONE') return false;
  return !(policy === 'PROCEED' && isTerminal(status));
}

/** Whether a task with this policy would be cancelled by a dependency in this status as soon as it depends on it. */
export function isDoomedBy(status: TaskStatus, policy: DependencyFailurePolicy): boolean {
  return policy === 'CANCEL' && (status === 'FAILED' || status === 'CANCELLED');
}

/** Whether the dependencies of a task in this status may still be edited: only while nobody has begun. */
export function canEditDependencies(status: TaskStatus): boolean {
  return status === 'INBOX' || status === 'ASSIGNED';
}
