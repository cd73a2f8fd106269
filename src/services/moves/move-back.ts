import type { Transaction } from '../../postgres/transaction.js';
import { rememberFormerAssignee } from '../../store/tasks/former-assignees.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { type Move, moveTask } from './move-task.js';

/** The next status of a task that its agent does not finish. With a pin it returns to that agent, otherwise to the inbox. */
export function placeBack({ pinned }: Pick<TaskRow, 'pinned'>): 'ASSIGNED' | 'INBOX' {
  return pinned ? 'ASSIGNED' : 'INBOX';
}

/** Moves a task that its agent does not finish. In the inbox it has no assignee, and the log has an event for that. */
export async function moveBack(tx: Transaction, task: TaskRow, move: Omit<Move, 'to'>): Promise<TaskRow> {
  if (placeBack(task) === 'ASSIGNED') return moveTask(tx, task, { ...move, to: 'ASSIGNED' });
  return moveToInbox(tx, task, move);
}

/** Takes the task from its agent and returns it to the inbox. */
export async function moveToInbox(tx: Transaction, task: TaskRow, move: Omit<Move, 'to'>): Promise<TaskRow> {
  const changes = { ...move.changes, assigneeId: null, pinned: false };
  await rememberFormerAssignee(tx, task);
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
