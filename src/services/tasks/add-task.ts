import type { Actor } from '../../domain/actor.js';
import type { Transaction } from '../../postgres/transaction.js';
import { insertTask, type NewTask, type TaskRow } from '../../store/tasks/tasks.js';

/** Inserts a checked task and appends its events. */
export async function addTask(
  tx: Transaction,
  actor: Actor,
  row: Omit<NewTask, 'createdByKeyId' | 'createdByAgentId'>,
): Promise<TaskRow> {
  const task = await insertTask(tx, { ...row, createdByKeyId: actor.keyId, createdByAgentId: actor.agentId });
  tx.emit({
    type: 'task.created',
    actor,
    taskId: task.id,
    agentId: task.assigneeId,
    payload: { to: task.status },
  });
  if (task.assigneeId !== null) {
    tx.emit({
      type: 'task.assigned',
      actor,
      taskId: task.id,
      agentId: task.assigneeId,
      payload: { assigneeId: task.assigneeId, previousAssigneeId: null },
    });
  }
  return task;
}
