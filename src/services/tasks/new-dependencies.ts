import type { Viewer } from '../../domain/actor.js';
import { LIMITS } from '../../domain/limits.js';
import { Refusal } from '../../domain/refusals.js';
import {
  type DependencyFailurePolicy,
  isDoomedBy,
  isOpenDependency,
} from '../../domain/tasks/dependencies.js';
import { tooManyDependencies } from '../../domain/tasks/sort-by-keys.js';
import { isTerminal } from '../../domain/tasks/task-status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { findTask, lockTasksForDependents, type TaskRow } from '../../store/tasks/tasks.js';
import { noSuchTask, type TaskRef, toTaskKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { canSeeTask } from './task-visibility.js';

/** A reference to a dependency, with its path in the input. */
export interface NamedDependency {
  readonly ref: TaskRef;
  readonly path: readonly string[];
}

/** A dependency to insert. */
export interface NewDependency {
  readonly id: string;
  readonly settled: boolean;
  /** The dependency has already ended without success, and the policy BLOCK waits until it is retried. */
  readonly blocks: boolean;
}

/**
 * Finds and share-locks the dependencies of a new task. The lock ensures that a dependency which is ending concurrently
 * has either ended before its status is read here, or sees the new dependent. So no unblocking is missed.
 * @throws {Refusal} NOT_FOUND; INVALID for too many, and for one that would cancel the new task at once.
 */
export async function lockDependencies(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  named: readonly NamedDependency[],
  policy: DependencyFailurePolicy,
  path: readonly string[],
): Promise<NewDependency[]> {
  if (named.length > LIMITS.dependencies) throw tooManyDependencies(path);
  const paths = new Map<string, readonly string[]>();
  for (const { ref, path } of named) {
    const key = toTaskKey(ref);
    const found = key === null ? null : await findTask(tx, key);
    if (found === null || !(await canSeeTask(context, tx, viewer, found))) throw noSuchTask(ref, path);
    if (!paths.has(found.id)) paths.set(found.id, path);
  }
  const tasks = paths.size === 0 ? [] : await lockTasksForDependents(tx, [...paths.keys()]);
  return tasks.map((task) => toNewDependency(task, policy, paths.get(task.id) ?? path));
}

/** @throws {Refusal} INVALID if the dependency already ended without success and the policy is CANCEL. */
export function toNewDependency(
  task: TaskRow,
  policy: DependencyFailurePolicy,
  path: readonly string[],
): NewDependency {
  if (isDoomedBy(task.status, policy)) throw cancelledAtOnce(task, path);
  const settled = !isOpenDependency(task.status, policy);
  return { id: task.id, settled, blocks: !settled && isTerminal(task.status) };
}

function cancelledAtOnce({ number, status }: TaskRow, path: readonly string[]): Refusal {
  return new Refusal(
    'INVALID',
    `TASK-${number} has ended as ${status}, and onDependencyFailure is CANCEL: the task would be cancelled at once. Retry TASK-${number} first, or choose BLOCK or PROCEED.`,
    path,
  );
}
