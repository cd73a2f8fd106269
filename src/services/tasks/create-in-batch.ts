import { toActor, type Viewer } from '../../domain/actor.js';
import { Refusal } from '../../domain/refusals.js';
import { toTaskColumns } from '../../domain/tasks/task-fields.js';
import { newId } from '../../kernel/ids.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import { noteCommit } from '../../postgres/transaction.js';
import {
  type CreatedTask,
  createTasks,
  type TaskCreation,
  type TaskToCreate,
} from '../../store/tasks/create-tasks.js';
import type { TaskColumns } from '../../store/tasks/task-lists.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { fingerprintOf, keyReused } from '../idempotency.js';
import { tooManyOpenTasks } from '../quotas.js';
import { explainNoAgent, toAgentKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import type { CreateTask } from './new-task.js';

/** New tasks of one viewer, with their paths in the input. */
interface Call {
  readonly viewer: Viewer;
  readonly inputs: readonly CreateTask[];
  readonly columns: TaskColumns;
  readonly pathOf: (place: number) => readonly string[];
}

/**
 * Creates tasks with one statement, all or none: one task together with those of other calls, several by themselves, because
 * other calls would wait for them. Null if single statements must create them: they have dependencies, one repeats another, or
 * a transaction is in the way that has to be waited for.
 */
export async function createInBatch(context: ServiceContext, call: Call): Promise<TaskRow[] | null> {
  if (!isBatchable(call.inputs)) return null;
  const creation = toCreation(context, call);
  const outcomes = await askOrNull(queueFor(context, creation), creation);
  if (outcomes === null || outcomes.some(({ reason }) => reason === 'LOCKED')) return null;
  const tasks = outcomes.flatMap((outcome, place) => taskOf(outcome, call, place) ?? []);
  if (outcomes.some(({ reason }) => reason === 'TOO_MANY_OPEN')) throw tooManyOpenTasks(creation.maxOpen);
  noteCreated(context, call, outcomes);
  return tasks;
}

/** The statement knows no dependencies. Nor can it reserve one idempotency key for two tasks. */
function isBatchable(inputs: readonly CreateTask[]): boolean {
  const keys = inputs.flatMap(({ idempotencyKey }) => idempotencyKey ?? []);
  const isFree = ({ dependsOn, dependsOnKeys }: CreateTask) => !dependsOn?.length && !dependsOnKeys?.length;
  return new Set(keys).size === keys.length && inputs.every(isFree);
}

function queueFor({ batches, database }: ServiceContext, { tasks, columns }: TaskCreation) {
  if (tasks.length === 1) return batches.creations;
  return {
    ask: async (creation: TaskCreation) => (await createTasks(database.pool, [creation], columns))[0] ?? [],
  };
}

function toCreation({ settings }: ServiceContext, { viewer, inputs, columns }: Call): TaskCreation {
  const tasks = inputs.map((input): TaskToCreate => {
    const idempotencyKey = input.idempotencyKey ?? null;
    return {
      ...toTaskColumns(input),
      id: newId('task'),
      keyId: viewer.keyId,
      agentId: viewer.agentId,
      assignee: input.assignee ? toAgentKey(input.assignee) : null,
      onDependencyFailure: input.onDependencyFailure ?? 'BLOCK',
      idempotencyKey,
      fingerprint: idempotencyKey === null ? null : fingerprintOf(input),
    };
  });
  return { tasks, maxOpen: settings.quotas.openTasksPerAgent, columns };
}

/** The task of one outcome; null if another task of the call is refused. @throws {Refusal} if this one is. */
function taskOf({ reason, task }: CreatedTask, { inputs, pathOf }: Call, place: number): TaskRow | null {
  const path = pathOf(place);
  if (reason === 'IDEMPOTENCY_KEY_REUSED') throw keyReused(path);
  if (reason === 'UNKNOWN_AGENT')
    throw new Refusal('UNKNOWN_AGENT', explainNoAgent(inputs[place]?.assignee ?? {}), [...path, 'assignee']);
  return task;
}

function noteCreated(
  { database }: ServiceContext,
  { viewer, inputs }: Call,
  outcomes: readonly CreatedTask[],
): void {
  const actor = toActor(viewer);
  const events = outcomes.flatMap(({ reason, task }, place) => {
    if (reason !== 'CREATED' || task === null) return [];
    const created = { type: 'task.created', actor, taskId: task.id } as const;
    return inputs[place]?.assignee ? [created, { ...created, type: 'task.assigned' } as const] : [created];
  });
  if (events.length > 0) noteCommit(database, events);
}
