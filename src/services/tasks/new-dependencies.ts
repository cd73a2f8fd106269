import type { Viewer } from '../../domain/actor.js';
import { Refusal } from '../../domain/refusals.js';
import {
  type DependencyFailurePolicy,
  isDoomedBy,
  isOpenDependency,
} from '../../domain/tasks/dependencies.js';
import { isTerminal } from '../../domain/tasks/task-status.js';
import type { Transaction } from '../../postgres/transaction.js';
import { listTasksById, listTasksByNumber } from '../../store/tasks/task-lookups.js';
import { type DependencyRow, lockTasksForDependents } from '../../store/tasks/tasks.js';
import { noSuchTask, type TaskRef, toTaskKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { toTaskViewer } from './read-tasks.js';

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

/** The tasks that new tasks may depend on, share-locked. Tasks that the same transaction has created are added. */
export interface Dependable {
  readonly byId: Map<string, DependencyRow>;
  readonly byNumber: Map<bigint, DependencyRow>;
}

/**
 * Finds and share-locks all tasks that are referred to, with three statements at most. A ref of a task that does not exist or
 * that the viewer may not see is left out. The lock ensures that a dependency which is ending concurrently has either ended
 * before its status is read here, or sees the new dependent. So no unblocking is missed.
 */
export async function lockDependable(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  refs: readonly TaskRef[],
): Promise<Dependable> {
  const keys = refs.flatMap((ref) => toTaskKey(ref) ?? []);
  const ids = new Set(keys.flatMap((key) => ('id' in key ? key.id : [])));
  const numbers = new Set(keys.flatMap((key) => ('number' in key ? key.number : [])));
  const taskViewer = toTaskViewer(context, viewer);
  const seen = [
    ...(ids.size === 0 ? [] : await listTasksById(tx.executor, taskViewer, [...ids], [])),
    ...(numbers.size === 0 ? [] : await listTasksByNumber(tx.executor, taskViewer, [...numbers], [])),
  ];
  const found = new Set(seen.map(({ id }) => id));
  const tasks = found.size === 0 ? [] : await lockTasksForDependents(tx, [...found]);
  return {
    byId: new Map(tasks.map((task) => [task.id, task])),
    byNumber: new Map(tasks.map((task) => [task.number, task])),
  };
}

/**
 * The dependencies of one new task, by their ids.
 * @throws {Refusal} NOT_FOUND; INVALID for one that would cancel the new task at once.
 */
export function chooseDependencies(
  { byId, byNumber }: Dependable,
  named: readonly NamedDependency[],
  policy: DependencyFailurePolicy,
): NewDependency[] {
  const chosen = new Map<string, NewDependency>();
  for (const { ref, path } of named) {
    const key = toTaskKey(ref);
    const task = key === null ? undefined : 'id' in key ? byId.get(key.id) : byNumber.get(key.number);
    if (task === undefined) throw noSuchTask(ref, path);
    if (!chosen.has(task.id)) chosen.set(task.id, toNewDependency(task, policy, path));
  }
  return [...chosen.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** @throws {Refusal} INVALID if the dependency already ended without success and the policy is CANCEL. */
export function toNewDependency(
  task: DependencyRow,
  policy: DependencyFailurePolicy,
  path: readonly string[],
): NewDependency {
  if (isDoomedBy(task.status, policy)) throw cancelledAtOnce(task, path);
  const settled = !isOpenDependency(task.status, policy);
  return { id: task.id, settled, blocks: !settled && isTerminal(task.status) };
}

function cancelledAtOnce({ number, status }: DependencyRow, path: readonly string[]): Refusal {
  return new Refusal(
    'INVALID',
    `TASK-${number} has ended as ${status}, and onDependencyFailure is CANCEL: the task would be cancelled at once. Retry TASK-${number} first, or choose BLOCK or PROCEED.`,
    path,
  );
}
