import { isDeepStrictEqual } from 'node:util';
import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields, refuseNulls } from '../../domain/inputs.js';
import { inTransaction } from '../../postgres/transaction.js';
import { toJsonObject } from '../../store/stored-json.js';
import { settleNotBefore, type TaskRow, updateTaskRow } from '../../store/tasks/tasks.js';
import { checkVersion } from '../check-version.js';
import { lockTaskByRef, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export interface UpdateTask {
  readonly task: TaskRef;
  readonly title?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly priority?: TaskRow['priority'] | null | undefined;
  readonly dueAt?: Date | null | undefined;
  readonly startsAt?: Date | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly metadata?: Record<string, unknown> | null | undefined;
  readonly reviewPolicy?: TaskRow['reviewPolicy'] | null | undefined;
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Edits the fields that are given; null clears a description, a due date or a start. The status is never touched. An
 * edit that changes nothing succeeds, raises no version and appends no event.
 * @throws {VersionConflict} if `expectedVersion` is not the stored one.
 */
export async function updateTask(
  context: ServiceContext,
  viewer: Viewer,
  input: UpdateTask,
): Promise<TaskRow> {
  checkFields([
    ['title', 'title', input.title],
    ['description', 'description', input.description],
    ['dueAt', 'dueAt', input.dueAt],
    ['startsAt', 'startsAt', input.startsAt],
    ['tags', 'tags', input.tags],
    ['metadata', 'metadata', input.metadata],
  ]);
  refuseNulls(input, ['title', 'priority', 'tags', 'metadata', 'reviewPolicy']);
  return inTransaction(context.database, async (tx) => {
    const task = await lockTaskByRef(tx, input.task);
    checkVersion(task, input.expectedVersion);
    const changes = changesOf(task, input);
    const changedFields = Object.keys(changes);
    if (changedFields.length === 0) return task;
    const updated = await updateTaskRow(tx, task, changes);
    const settled = 'startsAt' in changes ? await settleNotBefore(tx, task.id) : updated;
    if (settled === null) throw new Error(`task ${task.id} vanished while its row was locked`);
    tx.emit({
      type: 'task.updated',
      actor: toActor(viewer),
      taskId: task.id,
      agentId: task.assigneeId,
      payload: { changedFields },
    });
    return settled;
  });
}

function changesOf(task: TaskRow, input: UpdateTask): Partial<TaskRow> {
  const wished: Partial<TaskRow> = {
    ...(typeof input.title === 'string' ? { title: input.title } : {}),
    ...(input.description !== undefined ? { description: input.description } : {}),
    ...(input.priority ? { priority: input.priority } : {}),
    ...(input.dueAt !== undefined ? { dueAt: input.dueAt } : {}),
    ...(input.startsAt !== undefined ? { startsAt: input.startsAt } : {}),
    ...(input.tags ? { tags: [...new Set(input.tags)] } : {}),
    ...(input.metadata ? { metadata: toJsonObject(input.metadata) } : {}),
    ...(input.reviewPolicy ? { reviewPolicy: input.reviewPolicy } : {}),
  };
  const stored = new Map(Object.entries(task));
  return Object.fromEntries(
    Object.entries(wished).filter(([name, value]) => !isDeepStrictEqual(value, stored.get(name))),
  );
}
