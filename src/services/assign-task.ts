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
    if (isWaiting(task) && task.assigneeId === (assignee?.id ?? null)) return task;
    checkCanBeGiven(task, assignee === null ? 'INBOX' : 'ASSIGNED');
    return giveTo(tx, viewer, task, assignee?.id ?? null);
  });
}

function isWaiting(task: TaskRow): boolean {
  return task.status === 'INBOX' || task.status === 'ASSIGNED';
}

/** The table also lets FAILED and CANCELLED become ASSIGNED or INBOX, but only by a retry. */
function checkCanBeGiven(task: TaskRow, to: 'INBOX' | 'ASSIGNED'): void {
  if (isWaiting(task) && isAllowedTransition(task.status, to)) return;
  const verb = to === 'INBOX' ? 'unassign' : 'assign';
  throw new InvalidTransition(task.status, to, allowedTransitions(task.status), verb);
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
