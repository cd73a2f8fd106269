import { SYSTEM, toActor, type Viewer } from '../../domain/actor.js';
import { findMistakes, refuse } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import { Refusal } from '../../domain/refusals.js';
import type { DependencyFailurePolicy } from '../../domain/tasks/dependencies.js';
import { sortByKeys } from '../../domain/tasks/sort-by-keys.js';
import { type NewTaskFields, TASK_FIELD_NAMES, toTaskColumns } from '../../domain/tasks/task-fields.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { insertDependencies } from '../../store/tasks/dependencies.js';
import { findTask, type TaskRow } from '../../store/tasks/tasks.js';
import { findEarlier } from '../idempotency.js';
import { limitOpenTasks, withinTaskQuota } from '../quotas.js';
import { type AgentRef, getAgentByRef, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { addTask } from './add-task.js';
import { lockDependencies, type NamedDependency } from './new-dependencies.js';

export interface CreateTask extends NewTaskFields {
  readonly assignee?: AgentRef | null | undefined;
  readonly dependsOn?: readonly TaskRef[] | null | undefined;
  /** The name of this task for other tasks of the same call. */
  readonly key?: string | null | undefined;
  /** The keys of tasks of the same call that this one depends on. */
  readonly dependsOnKeys?: readonly string[] | null | undefined;
  readonly onDependencyFailure?: DependencyFailurePolicy | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** Creates one task: ASSIGNED if it has an assignee, otherwise INBOX. @throws {Refusal} INVALID, UNKNOWN_AGENT, NOT_FOUND. */
export async function createTask(
  context: ServiceContext,
  viewer: Viewer,
  input: CreateTask,
): Promise<TaskRow> {
  refuse(findInputMistakes(input, []));
  sortByKeys([toKeyed(input)], { pathOf: () => [], field: 'dependsOnKeys' });
  return withinTaskQuota(context, viewer, (take) => {
    take(1);
    return inTransaction(context.database, (tx) => createTaskIn(context, tx, viewer, input, [], new Map()));
  });
}

/**
 * Creates 1 to 100 tasks, all or none. They are numbered in the given order, but each after its dependencies.
 * @throws {Refusal} INVALID for a wrong count; paths of other refusals begin with the index of the task.
 * @throws {DependencyCycle} if they depend on each other.
 */
export async function createTasks(
  context: ServiceContext,
  viewer: Viewer,
  inputs: readonly CreateTask[],
): Promise<TaskRow[]> {
  checkNewTasks(inputs, { path: [], least: 1, field: 'inputs' });
  return withinTaskQuota(context, viewer, (take) => {
    take(inputs.length);
    return inTransaction(context.database, (tx) => createTasksIn(context, tx, viewer, inputs, []));
  });
}

/** Checks the number and the fields of new tasks. @throws {Refusals} with all mistakes at once. */
export function checkNewTasks(
  inputs: readonly CreateTask[],
  {
    path,
    least,
    field,
  }: { readonly path: readonly string[]; readonly least: number; readonly field: string },
): void {
  if (inputs.length < least || inputs.length > LIMITS.tasksPerCall) {
    throw new Refusal(
      'INVALID',
      `Give ${least} to ${LIMITS.tasksPerCall} tasks in one call, not ${inputs.length}.`,
      [field],
    );
  }
  refuse(inputs.flatMap((input, index) => findInputMistakes(input, [...path, String(index)])));
}

/**
 * Creates checked tasks in the given transaction and returns them in the order of the input. Each is created after its
 * dependencies, so that those can be looked up like existing tasks.
 */
export async function createTasksIn(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  inputs: readonly CreateTask[],
  path: readonly string[],
): Promise<TaskRow[]> {
  const pathOf = (place: number) => [...path, String(place)];
  const created = new Map<number, TaskRow>();
  const idsByKey = new Map<string, string>();
  for (const place of sortByKeys(inputs.map(toKeyed), { pathOf, field: 'dependsOnKeys' })) {
    const input = inputs[place];
    if (input === undefined) continue;
    const task = await createTaskIn(context, tx, viewer, input, pathOf(place), idsByKey);
    created.set(place, task);
    if (typeof input.key === 'string') idsByKey.set(input.key, task.id);
  }
  return inputs.flatMap((_, place) => created.get(place) ?? []);
}

function toKeyed({ key, dependsOnKeys }: CreateTask) {
  return { key, waitsFor: dependsOnKeys ?? [] };
}

function findInputMistakes(input: CreateTask, path: readonly string[]): Refusal[] {
  return findMistakes(input, [...TASK_FIELD_NAMES, 'key', 'idempotencyKey'], path);
}

/** Creates one checked task in the given transaction. */
async function createTaskIn(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  input: CreateTask,
  path: readonly string[],
  idsByKey: ReadonlyMap<string, string>,
): Promise<TaskRow> {
  const id = newId('task');
  const earlier = await findEarlier(tx, viewer, 'createTask', input, id, path);
  if (earlier !== null) return getEarlierTask(tx, earlier);
  limitOpenTasks(context, tx, viewer);

  const policy = input.onDependencyFailure ?? 'BLOCK';
  const assignee = input.assignee
    ? await getAgentByRef(tx.executor, input.assignee, [...path, 'assignee'])
    : null;
  const named = nameDependencies(input, path, idsByKey);
  const dependencies = await lockDependencies(context, tx, viewer, named, policy, [...path, 'dependsOn']);
  const task = await addTask(tx, toActor(viewer), {
    id,
    ...toTaskColumns(input),
    status: assignee === null ? 'INBOX' : 'ASSIGNED',
    assigneeId: assignee?.id ?? null,
    openDependencies: dependencies.filter((each) => !each.settled).length,
    onDependencyFailure: policy,
  });
  if (dependencies.length > 0) await insertDependencies(tx, id, dependencies);
  for (const { id: dependencyId, blocks } of dependencies) {
    if (!blocks) continue;
    tx.emit({
      type: 'task.dependency_failed',
      actor: SYSTEM,
      taskId: id,
      agentId: task.assigneeId,
      payload: { dependencyId },
    });
  }
  return task;
}

function nameDependencies(
  { dependsOn, dependsOnKeys }: CreateTask,
  path: readonly string[],
  idsByKey: ReadonlyMap<string, string>,
): NamedDependency[] {
  return [
    ...(dependsOn ?? []).map((ref, index) => ({ ref, path: [...path, 'dependsOn', String(index)] })),
    ...(dependsOnKeys ?? []).map((key, index) => ({
      ref: { id: idsByKey.get(key) ?? '' },
      path: [...path, 'dependsOnKeys', String(index)],
    })),
  ];
}

async function getEarlierTask(tx: Transaction, id: string): Promise<TaskRow> {
  const task = await findTask(tx, { id });
  if (task === null) throw new Error(`an idempotency key refers to task ${id}, which does not exist`);
  return task;
}
