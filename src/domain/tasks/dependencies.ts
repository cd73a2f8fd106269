import { isTerminal, type TaskStatus } from './task-status.js';

/** What happens to a task when one of its dependencies ends without success. */
export type DependencyFailurePolicy = 'BLOCK' | 'CANCEL' | 'PROCEED';

/** The effect of a dependency's end on a task that waits for it. */
export type DependencyEnd = 'settle' | 'block' | 'cancel' | 'proceed';

/**
 * Decides the effect of a dependency's end on a dependent. DONE settles the dependency. For FAILED and CANCELLED the
 * dependent's policy applies, but a dependent that has ended is not cancelled.
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

/** Whether a dependency in this status holds back a new task with this policy. */
export function isOpenDependency(status: TaskStatus, policy: DependencyFailurePolicy): boolean {
  if (status === 'DONE') return false;
  return !(policy === 'PROCEED' && isTerminal(status));
}

/** Whether a new dependency in this status would cancel a task with this policy at once. */
export function isDoomedBy(status: TaskStatus, policy: DependencyFailurePolicy): boolean {
  return policy === 'CANCEL' && (status === 'FAILED' || status === 'CANCELLED');
}

/** Whether the dependencies of a task in this status may be edited: only before work on it begins. */
export function canEditDependencies(status: TaskStatus): boolean {
  return status === 'INBOX' || status === 'ASSIGNED';
}
