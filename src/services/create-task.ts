import { toActor, type Viewer } from '../domain/actor.js';
import { type DependencyFailurePolicy, isOpenDependency } from '../domain/dependencies.js';
import { type Check, checkFields } from '../domain/inputs.js';
import { LIMITS } from '../domain/limits.js';
import { Refusal } from '../domain/refusals.js';
import { newId } from '../kernel/ids.js';
import { insertDependencies } from '../store/dependencies.js';
import { toJsonObject } from '../store/json.js';
import { findTask, insertTask, lockTasksForDependents, type TaskRow } from '../store/tasks.js';
import { inTransaction, type Transaction } from '../store/transaction.js';
import { findEarlier } from './idempotency.js';
import { type AgentRef, getAgentByRef, noSuchTask, type TaskRef, toTaskKey } from './refs.js';
import { canSeeTask } from './see-task.js';
import type { ServiceContext } from './service-context.js';

export interface CreateTask {
  readonly title: string;
  readonly description?: string | null | undefined;
  readonly priority?: TaskRow['priority'] | null | undefined;
  readonly assignee?: AgentRef | null | undefined;
  readonly dueAt?: Date | null | undefined;
  readonly startsAt?: Date | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly metadata?: Record<string, unknown> | null | undefined;
  readonly dependsOn?: readonly TaskRef[] | null | undefined;
  readonly onDependencyFailure?: DependencyFailurePolicy | null | undefined;
  readonly reviewPolicy?: TaskRow['reviewPolicy'] | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** Creates one task: ASSIGNED if it names an assignee, else INBOX. */
export async function createTask(
  context: ServiceContext,
  viewer: Viewer,
  input: CreateTask,
): Promise<TaskRow> {
  checkFields(checksOf(input));
  return inTransaction(context.database, (tx) => createTaskIn(context, tx, viewer, input, []));
}

/**
 * Creates 1 to 100 tasks, all or none, in the order given.
 * @throws {Refusal} INVALID for a wrong count; paths of other refusals begin with the index of the task.
 */
export async function createTasks(
  context: ServiceContext,
  viewer: Viewer,
  inputs: readonly CreateTask[],
): Promise<TaskRow[]> {
  if (inputs.length < 1 || inputs.length > LIMITS.tasksPerCall) {
    throw new Refusal(
      'INVALID',
      `Give 1 to ${LIMITS.tasksPerCall} tasks in one call, not ${inputs.length}.`,
      ['inputs'],
    );
  }
  checkFields(inputs.flatMap((input, index) => checksOf(input, `${index}.`)));
  return inTransaction(context.database, async (tx) => {
    const tasks: TaskRow[] = [];
    for (const [index, input] of inputs.entries())
      tasks.push(await createTaskIn(context, tx, viewer, input, [String(index)]));
    return tasks;
  });
}

function checksOf(input: CreateTask, at = ''): Check[] {
  return [
    ['title', `${at}title`, input.title],
    ['description', `${at}description`, input.description],
    ['dueAt', `${at}dueAt`, input.dueAt],
    ['startsAt', `${at}startsAt`, input.startsAt],
    ['tags', `${at}tags`, input.tags],
    ['metadata', `${at}metadata`, input.metadata],
    ['idempotencyKey', `${at}idempotencyKey`, input.idempotencyKey],
  ];
}

/** Creates a checked task in a transaction that is open already. */
async function createTaskIn(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  input: CreateTask,
  path: readonly string[],
): Promise<TaskRow> {
  const id = newId('task');
  const earlier = await findEarlier(tx, viewer, 'createTask', input, id, path);
  if (earlier !== null) return getEarlierTask(tx, earlier);

  const policy = input.onDependencyFailure ?? 'BLOCK';
  const assignee = input.assignee
    ? await getAgentByRef(tx.executor, input.assignee, [...path, 'assignee'])
    : null;
  const dependencies = await lockDependencies(context, tx, viewer, input.dependsOn ?? [], [
    ...path,
    'dependsOn',
  ]);
  const open = dependencies.filter((each) => isOpenDependency(each.status, policy));
  const actor = toActor(viewer);
  const task = await insertTask(tx, {
    id,
    title: input.title,
    description: input.description ?? null,
    status: assignee === null ? 'INBOX' : 'ASSIGNED',
    priority: input.priority ?? 'MEDIUM',
    tags: [...new Set(input.tags ?? [])],
    metadata: toJsonObject(input.metadata),
    assigneeId: assignee?.id ?? null,
    createdByKeyId: actor.keyId,
    createdByAgentId: actor.agentId,
    dueAt: input.dueAt ?? null,
    startsAt: input.startsAt ?? null,
    openDependencies: open.length,
    onDependencyFailure: policy,
    reviewPolicy: input.reviewPolicy ?? 'REQUIRED',
  });
  if (dependencies.length > 0) {
    await insertDependencies(
      tx,
      id,
      dependencies.map((each) => ({ id: each.id, settled: !open.includes(each) })),
    );
  }
  tx.emit({
    type: 'task.created',
    actor,
    taskId: id,
    agentId: task.assigneeId,
    payload: { to: task.status },
  });
  if (task.assigneeId !== null) {
    tx.emit({
      type: 'task.assigned',
      actor,
      taskId: id,
      agentId: task.assigneeId,
      payload: { assigneeId: task.assigneeId, previousAssigneeId: null },
    });
  }
  return task;
}

async function getEarlierTask(tx: Transaction, id: string): Promise<TaskRow> {
  const task = await findTask(tx, { id });
  if (task === null) throw new Error(`an idempotency key stands for task ${id}, which does not exist`);
  return task;
}

/**
 * The tasks that the new one waits for. Their rows are share-locked: one that is ending right now either has ended
 * before this reads its status, or will see the new dependent; so no unblocking is ever missed.
 */
async function lockDependencies(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  refs: readonly TaskRef[],
  path: readonly string[],
): Promise<TaskRow[]> {
  if (refs.length > LIMITS.dependencies) {
    throw new Refusal('INVALID', `A task may depend on ${LIMITS.dependencies} others at most.`, path);
  }
  const ids = new Set<string>();
  for (const [index, ref] of refs.entries()) {
    const key = toTaskKey(ref);
    const found = key === null ? null : await findTask(tx, key);
    if (found === null || !(await canSeeTask(context, tx, viewer, found)))
      throw noSuchTask(ref, [...path, String(index)]);
    ids.add(found.id);
  }
  return ids.size === 0 ? [] : lockTasksForDependents(tx, [...ids]);
}
