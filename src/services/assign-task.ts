import { toActor, type Viewer } from '../domain/actor.js';
import { InvalidTransition } from '../domain/refusals.js';
import { allowedTransitions, isAllowedTransition } from '../domain/task-status.js';
import { type TaskRow, updateTaskRow } from '../store/tasks.js';
import { inTransaction, type Transaction } from '../store/transaction.js';
import { moveTask } from './move-task.js';
import { type AgentRef, getAgentByRef, lockTaskByRef, type TaskRef } from './refs.js';
import type { ServiceContext } from './service-context.js';
import { checkVersion } from './update-task.js';

export interface AssignTask {
  readonly task: TaskRef;
  /** Null or left out takes the task back to the inbox. */
  readonly assignee?: AgentRef | null | undefined;
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Gives a waiting task to an agent, to another one, or back to the inbox. The same assignee again changes nothing.
 * @throws {InvalidTransition} once somebody works on it or it has ended: cancel or retry it then.
 */
export async function assignTask(
  context: ServiceContext,
  viewer: Viewer,
  input: AssignTask,
): Promise<TaskRow> {
  return inTransaction(context.database, async (tx) => {
    const task = await lockTaskByRef(tx, input.task);
    checkVersion(task, input.expectedVersion);
    const assignee = input.assignee ? await getAgentByRef(tx.executor, input.assignee, ['assignee']) : null;
    const to = assignee === null ? 'INBOX' : 'ASSIGNED';
    // Leaving it where it is is no move; but only a waiting task can be assigned at all, so retry's moves don't count.
    const waiting = task.status === 'INBOX' || task.status === 'ASSIGNED';
    if (waiting && task.assigneeId === (assignee?.id ?? null)) return task;
    if (!waiting || !isAllowedTransition(task.status, to)) {
      throw new InvalidTransition(
        task.status,
        to,
        allowedTransitions(task.status),
        assignee ? 'assign' : 'unassign',
      );
    }
    return giveTo(tx, viewer, task, assignee?.id ?? null);
  });
}

async function giveTo(
  tx: Transaction,
  viewer: Viewer,
  task: TaskRow,
  assigneeId: string | null,
): Promise<TaskRow> {
  const actor = toActor(viewer);
  const to = assigneeId === null ? 'INBOX' : 'ASSIGNED';
  const given =
    task.status === to
      ? await updateTaskRow(tx, task, { assigneeId })
      : await moveTask(tx, task, { to, verb: 'assign', actor, changes: { assigneeId } });
  if (given === null) throw new Error(`task ${task.id} changed its status while its row was locked`);
  tx.emit({
    type: 'task.assigned',
    actor,
    taskId: task.id,
    agentId: assigneeId,
    payload: { assigneeId, previousAssigneeId: task.assigneeId },
  });
  return given;
}
