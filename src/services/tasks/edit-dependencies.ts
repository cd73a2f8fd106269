import { hasRole, SYSTEM, toActor, type Viewer } from '../../domain/actor.js';
import { LIMITS } from '../../domain/limits.js';
import { DependencyCycle, Refusal } from '../../domain/refusals.js';
import { canEditDependencies } from '../../domain/tasks/dependencies.js';
import { findPath } from '../../domain/tasks/dependency-graph.js';
import { tooManyDependencies } from '../../domain/tasks/sort-by-keys.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  countDependencies,
  deleteDependency,
  findDependency,
  insertDependencies,
  listEdgesIfReachable,
  lockDependencyGraph,
} from '../../store/tasks/dependencies.js';
import {
  type DependencyRow,
  findTask,
  listTaskNumbers,
  lockTask,
  lockTasksForDependents,
  type TaskRow,
  updateTaskRow,
} from '../../store/tasks/tasks.js';
import { settlePipelineRunLater } from '../moves/settle-pipeline-run.js';
import { noSuchTask, type TaskRef, toTaskKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { toNewDependency } from './new-dependencies.js';
import { canSeeTask } from './task-visibility.js';

export interface DependencyEdit {
  readonly task: TaskRef;
  readonly dependsOn: TaskRef;
}

/**
 * Adds a dependency to an INBOX or ASSIGNED task. An existing dependency changes nothing. An agent may do this for tasks
 * that it created.
 * @throws {DependencyCycle} if the other task depends on this one, directly or indirectly. If two requests would create
 * a cycle together, one of them is refused.
 * @throws {Refusal} NOT_FOUND; FORBIDDEN; INVALID if the task is no longer INBOX or ASSIGNED, has the maximum number of
 * dependencies, or would be cancelled at once.
 */
export async function addDependency(
  context: ServiceContext,
  viewer: Viewer,
  input: DependencyEdit,
): Promise<TaskRow> {
  return inTransaction(context.database, async (tx) => {
    await lockDependencyGraph(tx);
    const ends = await findEnds(context, tx, viewer, input);
    if (!hasRole(viewer, 'OPERATOR') && ends.task.createdByAgentId !== viewer.agentId) throw notOwnTask();
    if (ends.task.id === ends.dependsOn.id) {
      throw new DependencyCycle([refOf(ends.task), refOf(ends.task)], ['dependsOn']);
    }
    // The dependency is locked before the dependent, in the order in which the end of the dependency locks them.
    const [dependsOn] = await lockTasksForDependents(tx, [ends.dependsOn.id]);
    const task = await lockTask(tx, { id: ends.task.id });
    if (dependsOn === undefined || task === null) throw new Error('a task vanished before it was locked');
    if ((await findDependency(tx, task.id, dependsOn.id)) !== null) return task;
    await checkNewDependency(tx, task, dependsOn);
    return insertDependency(tx, viewer, task, dependsOn);
  });
}

/**
 * Removes a dependency of an INBOX or ASSIGNED task. If it was the last open one, the task is claimable at once. A
 * dependency that does not exist changes nothing.
 * @throws {Refusal} NOT_FOUND; INVALID if the task is no longer INBOX or ASSIGNED.
 */
export async function removeDependency(
  context: ServiceContext,
  viewer: Viewer,
  input: DependencyEdit,
): Promise<TaskRow> {
  return inTransaction(context.database, async (tx) => {
    const ends = await findEnds(context, tx, viewer, input);
    const task = await lockTask(tx, { id: ends.task.id });
    if (task === null) throw new Error('a task vanished before it was locked');
    if ((await findDependency(tx, task.id, ends.dependsOn.id)) === null) return task;
    checkIsWaiting(task);
    const removed = await deleteDependency(tx, task.id, ends.dependsOn.id);
    if (removed === null) throw new Error('a dependency vanished while its task was locked');
    const open = task.openDependencies - (removed.wasOpen ? 1 : 0);
    const updated = await writeEdit(tx, viewer, task, open);
    if (removed.wasOpen && open === 0) {
      tx.emit({
        type: 'task.unblocked',
        actor: toActor(viewer),
        taskId: task.id,
        agentId: task.assigneeId,
      });
    }
    return updated;
  });
}

async function findEnds(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  input: DependencyEdit,
): Promise<{ readonly task: TaskRow; readonly dependsOn: TaskRow }> {
  const find = async (ref: TaskRef, field: string): Promise<TaskRow> => {
    const key = toTaskKey(ref);
    const found = key === null ? null : await findTask(tx, key);
    if (found === null || !(await canSeeTask(context, tx, viewer, found))) throw noSuchTask(ref, [field]);
    return found;
  };
  return { task: await find(input.task, 'task'), dependsOn: await find(input.dependsOn, 'dependsOn') };
}

function notOwnTask(): Refusal {
  return new Refusal('FORBIDDEN', 'An agent can add dependencies only to tasks that it created.', ['task']);
}

async function checkNewDependency(tx: Transaction, task: TaskRow, dependsOn: DependencyRow): Promise<void> {
  checkIsWaiting(task);
  if ((await countDependencies(tx, task.id)) >= LIMITS.dependencies) {
    throw tooManyDependencies(['dependsOn']);
  }
  const back = findPath(await listEdgesIfReachable(tx, dependsOn.id, task.id), dependsOn.id, task.id);
  if (back === null) return;
  const numbers = await listTaskNumbers(tx, back);
  const refs = [task.id, ...back].map((id) => `TASK-${numbers.get(id)}`);
  throw new DependencyCycle(refs, ['dependsOn']);
}

function checkIsWaiting(task: TaskRow): void {
  if (canEditDependencies(task.status)) return;
  throw new Refusal(
    'INVALID',
    `${refOf(task)} is ${task.status}: dependencies change only while a task is INBOX or ASSIGNED.`,
    ['task'],
  );
}

async function insertDependency(
  tx: Transaction,
  viewer: Viewer,
  task: TaskRow,
  dependsOn: DependencyRow,
): Promise<TaskRow> {
  const dependency = toNewDependency(dependsOn, task.onDependencyFailure, ['dependsOn']);
  const { settled } = dependency;
  await insertDependencies(tx, [{ taskId: task.id, dependsOnId: dependsOn.id, settled }]);
  const updated = await writeEdit(tx, viewer, task, task.openDependencies + (dependency.settled ? 0 : 1));
  if (dependency.blocks) {
    tx.emit({
      type: 'task.dependency_failed',
      actor: SYSTEM,
      taskId: task.id,
      agentId: task.assigneeId,
      payload: { dependencyId: dependsOn.id },
    });
  }
  return updated;
}

async function writeEdit(
  tx: Transaction,
  viewer: Viewer,
  task: TaskRow,
  openDependencies: number,
): Promise<TaskRow> {
  const updated = await updateTaskRow(tx, task, { openDependencies });
  if (updated === null) throw new Error(`task ${task.id} changed its status while its row was locked`);
  settlePipelineRunLater(tx, task);
  tx.emit({
    type: 'task.updated',
    actor: toActor(viewer),
    taskId: task.id,
    agentId: task.assigneeId,
    payload: { changedFields: ['dependsOn'] },
  });
  return updated;
}

function refOf({ number }: Pick<TaskRow, 'number'>): string {
  return `TASK-${number}`;
}
