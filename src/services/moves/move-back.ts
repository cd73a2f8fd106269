import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { type Move, moveTask } from './move-task.js';

/** Where a task goes that its agent does not finish: to the agent of its pin, or without a pin to the inbox. */
export function placeBack({ pinned }: Pick<TaskRow, 'pinned'>): 'ASSIGNED' | 'INBOX' {
  return pinned ? 'ASSIGNED' : 'INBOX';
}

/** Moves a task there. In the inbox it has no assignee any more, and the log says so. */
export async function moveBack(tx: Transaction, task: TaskRow, move: Omit<Move, 'to'>): Promise<TaskRow> {
  if (placeBack(task) === 'ASSIGNED') return moveTask(tx, task, { ...move, to: 'ASSIGNED' });
  return moveToInbox(tx, task, move);
}

/** Takes the task from its agent and gives it to no other one. */
export async function moveToInbox(tx: Transaction, task: TaskRow, move: Omit<Move, 'to'>): Promise<TaskRow> {
  const changes = { ...move.changes, assigneeId: null, pinned: false };
  const moved = await moveTask(tx, task, { ...move, to: 'INBOX', changes });
  if (task.assigneeId !== null) {
    tx.emit({
      type: 'task.assigned',
      actor: move.actor,
      taskId: task.id,
      agentId: null,
      payload: { assigneeId: null, previousAssigneeId: task.assigneeId },
    });
  }
  return moved;
}
