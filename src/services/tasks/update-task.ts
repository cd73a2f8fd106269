import { isDeepStrictEqual } from 'node:util';
import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields, refuseNulls } from '../../domain/inputs.js';
import {
  type EditedTaskFields,
  FILLED_FIELD_NAMES,
  TASK_FIELD_NAMES,
  toEditedColumns,
} from '../../domain/tasks/task-fields.js';
import { inTransaction } from '../../postgres/transaction.js';
import { settleNotBefore, type TaskRow, updateTaskRow } from '../../store/tasks/tasks.js';
import { checkVersion } from '../check-version.js';
import { lockTaskByRef, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export interface UpdateTask extends EditedTaskFields {
  readonly task: TaskRef;
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Changes the given fields, but never the status; null clears a field that may be empty. An edit that changes nothing
 * succeeds without a new version and without an event.
 * @throws {VersionConflict} if `expectedVersion` is not the stored one.
 */
export async function updateTask(
  context: ServiceContext,
  viewer: Viewer,
  input: UpdateTask,
): Promise<TaskRow> {
  checkFields(input, TASK_FIELD_NAMES);
  refuseNulls(input, FILLED_FIELD_NAMES);
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
  const stored = new Map(Object.entries(task));
  return Object.fromEntries(
    Object.entries(toEditedColumns(input)).filter(
      ([name, value]) => !isDeepStrictEqual(value, stored.get(name)),
    ),
  );
}
