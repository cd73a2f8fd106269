import { SYSTEM, toActor, type Viewer } from '../../domain/actor.js';
import { findMistakes, refuse } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import { Refusal } from '../../domain/refusals.js';
import { sortByKeys, tooManyDependencies } from '../../domain/tasks/sort-by-keys.js';
import { TASK_FIELD_NAMES, toTaskColumns } from '../../domain/tasks/task-fields.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { insertDependencies, type NewEdge } from '../../store/tasks/dependencies.js';
import type { TaskColumns } from '../../store/tasks/task-lists.js';
import {
  type DependencyRow,
  findTask,
  lockTasksForDependents,
  type TaskRow,
} from '../../store/tasks/tasks.js';
import { findEarlier } from '../idempotency.js';
import { limitOpenTasks, withinTaskQuota } from '../quotas.js';
import { getAgentByRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { addTask } from './add-task.js';
import { createInBatch } from './create-in-batch.js';
import {
  chooseDependencies,
  type Dependable,
  lockDependable,
  type NamedDependency,
} from './new-dependencies.js';
import type { CreateTask } from './new-task.js';

export type { CreateTask };

/**
 * Creates one task: ASSIGNED if it has an assignee, otherwise INBOX. Reads the given columns of it, or all.
 * @throws {Refusal} INVALID, UNKNOWN_AGENT, NOT_FOUND.
 */
export async function createTask(
  context: ServiceContext,
  viewer: Viewer,
  input: CreateTask,
  columns: TaskColumns = '*',
): Promise<TaskRow> {
  refuse(findInputMistakes(input, []));
  sortByKeys([toKeyed(input)], { pathOf: () => [], field: 'dependsOnKeys' });
  return withinTaskQuota(context, viewer, async (take) => {
    take(1);
    const created = await createInBatch(context, { viewer, inputs: [input], columns, pathOf: () => [] });
    if (created?.[0] !== undefined) return created[0];
    return inTransaction(context.database, async (tx) => {
      const batch = await openBatch(context, tx, viewer, [input], () => []);
      const task = await createTaskIn(batch, input, []);
      await insertEdges(batch);
      return task;
    });
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
  columns: TaskColumns = '*',
): Promise<TaskRow[]> {
  checkNewTasks(inputs, { path: [], least: 1, field: 'inputs' });
  sortByKeys(inputs.map(toKeyed), { pathOf: (place) => [String(place)], field: 'dependsOnKeys' });
  return withinTaskQuota(context, viewer, async (take) => {
    take(inputs.length);
    const call = { viewer, inputs, columns, pathOf: (place: number) => [String(place)] };
    const created = await createInBatch(context, call);
    if (created !== null) return created;
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
 * Creates checked tasks in the given transaction and returns them in the order of the input. The number of statements depends
 * on the number of tasks and not on that of their dependencies. Each task is created after those it depends on, so tasks can
 * be done in the order of their numbers.
 */
export async function createTasksIn(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  inputs: readonly CreateTask[],
  path: readonly string[],
): Promise<TaskRow[]> {
  const pathOf = (place: number) => [...path, String(place)];
  const order = sortByKeys(inputs.map(toKeyed), { pathOf, field: 'dependsOnKeys' });
  const batch = await openBatch(context, tx, viewer, inputs, pathOf);
  const created = new Map<number, TaskRow>();
  for (const place of order) {
    const input = inputs[place];
    if (input !== undefined) created.set(place, await createTaskIn(batch, input, pathOf(place)));
  }
  await insertEdges(batch);
  return inputs.flatMap((_, place) => created.get(place) ?? []);
}

/** Tasks that one transaction creates. */
interface Batch {
  readonly context: ServiceContext;
  readonly tx: Transaction;
  readonly viewer: Viewer;
  readonly dependable: Dependable;
  readonly idsByKey: Map<string, string>;
  /** Inserted when all tasks are. */
  readonly edges: NewEdge[];
}

/** @throws {Refusal} INVALID for a task with too many dependencies, before any of them is looked up. */
async function openBatch(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  inputs: readonly CreateTask[],
  pathOf: (place: number) => readonly string[],
): Promise<Batch> {
  for (const [place, { dependsOn, dependsOnKeys }] of inputs.entries())
    if ((dependsOn?.length ?? 0) + (dependsOnKeys?.length ?? 0) > LIMITS.dependencies)
      throw tooManyDependencies([...pathOf(place), 'dependsOn']);
  const refs = inputs.flatMap(({ dependsOn }) => dependsOn ?? []);
  const dependable = await lockDependable(context, tx, viewer, refs);
  return { context, tx, viewer, dependable, idsByKey: new Map(), edges: [] };
}

async function insertEdges({ tx, edges }: Batch): Promise<void> {
  if (edges.length > 0) await insertDependencies(tx, edges);
}

function toKeyed({ key, dependsOnKeys }: CreateTask) {
  return { key, waitsFor: dependsOnKeys ?? [] };
}

function findInputMistakes(input: CreateTask, path: readonly string[]): Refusal[] {
  return findMistakes(input, [...TASK_FIELD_NAMES, 'key', 'idempotencyKey'], path);
}

/** Creates one checked task of a batch, without its edges. */
async function createTaskIn(batch: Batch, input: CreateTask, path: readonly string[]): Promise<TaskRow> {
  const { tx, viewer } = batch;
  const id = newId('task');
  const earlier = await findEarlier(tx, viewer, 'createTask', input, id, path);
  if (earlier !== null) return reuseEarlier(batch, input, earlier);
  limitOpenTasks(batch.context, tx, viewer);

  const policy = input.onDependencyFailure ?? 'BLOCK';
  const assignee = input.assignee
    ? await getAgentByRef(tx.executor, input.assignee, [...path, 'assignee'])
    : null;
  const dependencies = chooseDependencies(batch.dependable, nameDependencies(batch, input, path), policy);
  const task = await addTask(tx, toActor(viewer), {
    id,
    ...toTaskColumns(input),
    status: assignee === null ? 'INBOX' : 'ASSIGNED',
    assigneeId: assignee?.id ?? null,
    openDependencies: dependencies.filter((each) => !each.settled).length,
    onDependencyFailure: policy,
  });
  noteCreated(batch, input, task);
  for (const { id: dependsOnId, settled, blocks } of dependencies) {
    batch.edges.push({ taskId: id, dependsOnId, settled });
    if (blocks) emitBlocked(tx, task, dependsOnId);
  }
  return task;
}

/** Later tasks of the batch may depend on the task by its key. */
function noteCreated({ idsByKey, dependable }: Batch, { key }: CreateTask, task: DependencyRow): void {
  if (typeof key !== 'string') return;
  idsByKey.set(key, task.id);
  dependable.byId.set(task.id, task);
}

function emitBlocked(tx: Transaction, task: TaskRow, dependencyId: string): void {
  tx.emit({
    type: 'task.dependency_failed',
    actor: SYSTEM,
    taskId: task.id,
    agentId: task.assigneeId,
    payload: { dependencyId },
  });
}

function nameDependencies(
  { idsByKey }: Batch,
  { dependsOn, dependsOnKeys }: CreateTask,
  path: readonly string[],
): NamedDependency[] {
  return [
    ...(dependsOn ?? []).map((ref, index) => ({ ref, path: [...path, 'dependsOn', String(index)] })),
    ...(dependsOnKeys ?? []).map((key, index) => ({
      ref: { id: idsByKey.get(key) ?? '' },
      path: [...path, 'dependsOnKeys', String(index)],
    })),
  ];
}

/** The task that an earlier call has created. Unlike a new one, it may be ending, so it is locked for its dependents. */
async function reuseEarlier(batch: Batch, input: CreateTask, id: string): Promise<TaskRow> {
  if (typeof input.key === 'string')
    for (const locked of await lockTasksForDependents(batch.tx, [id])) noteCreated(batch, input, locked);
  return getEarlierTask(batch.tx, id);
}

async function getEarlierTask(tx: Transaction, id: string): Promise<TaskRow> {
  const task = await findTask(tx, { id });
  if (task === null) throw new Error(`an idempotency key refers to task ${id}, which does not exist`);
  return task;
}
