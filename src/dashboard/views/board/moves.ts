import type { Client, TaskStatus } from '../../../sdk/index.js';
import { change, type ShownTask } from '../../data/tasks.js';

/** A move of a task to another status by a person. */
export interface Move {
  readonly to: TaskStatus;
  readonly does: string;
  /** What must be known beside the task. */
  readonly needs?: 'agent' | 'note' | 'reason';
  /** @param given - the name of an agent, a note, or a reason, which may be empty. */
  readonly send: (client: Client, task: ShownTask, given: string) => Promise<unknown>;
}

const refOf = ({ id }: ShownTask) => ({ task: { id } });

const assign: Move = {
  to: 'ASSIGNED',
  does: 'Assign to an agent',
  needs: 'agent',
  send: (client, task, name) => client.assignTask({ ...refOf(task), assignee: { name } }),
};
const toInbox: Move = {
  to: 'INBOX',
  does: 'Return to the inbox',
  send: (client, task) => client.assignTask({ ...refOf(task), assignee: null }),
};
const cancel: Move = {
  to: 'CANCELLED',
  does: 'Cancel',
  needs: 'reason',
  send: (client, task, reason) => client.cancelTask({ ...refOf(task), ...(reason === '' ? {} : { reason }) }),
};
const retry: Move = { to: 'INBOX', does: 'Retry', send: (client, task) => client.retryTask(refOf(task)) };
const approve: Move = {
  to: 'DONE',
  does: 'Approve',
  send: (client, task) => client.submitVerdict({ ...refOf(task), verdict: 'APPROVED' }),
};
const reject: Move = {
  to: 'REJECTED',
  does: 'Reject with a note',
  needs: 'note',
  send: (client, task, feedback) => client.submitVerdict({ ...refOf(task), verdict: 'REJECTED', feedback }),
};

/** The work of an agent that cannot report it, or that a person has done. */
const complete: Move = {
  to: 'REVIEW',
  does: 'Complete with a result',
  needs: 'note',
  send: (client, task, resolution) => client.completeTask({ ...refOf(task), resolution }),
};
const fail: Move = {
  to: 'FAILED',
  does: 'Fail for good',
  needs: 'note',
  send: (client, task, error) => client.failTask({ ...refOf(task), error, retry: false }),
};

const moves: Readonly<Record<string, readonly Move[]>> = {
  INBOX: [assign, cancel],
  ASSIGNED: [toInbox, assign, cancel],
  IN_PROGRESS: [complete, fail, cancel],
  INPUT_REQUIRED: [cancel],
  REVIEW: [approve, reject, cancel],
  REJECTED: [cancel],
  FAILED: [retry],
  CANCELLED: [retry],
};

/** What a person may do with a task in this status. */
export function movesFrom(status: TaskStatus): readonly Move[] {
  return moves[status] ?? [];
}

/** The move between two statuses, if a person may make it. */
export function moveTo(from: TaskStatus, to: TaskStatus): Move | undefined {
  return movesFrom(from).find((move) => move.to === to);
}

/** Makes the move: shown at once, taken back if the server refuses. */
export function makeMove(task: ShownTask, move: Move, given = ''): Promise<boolean> {
  const assignee = move.needs === 'agent' ? { id: '', name: given } : task.assignee;
  const isDone = move === complete && task.reviewPolicy === 'SKIP';
  const expected: Partial<ShownTask> = {
    status: isDone ? 'DONE' : move.to,
    assignee: move.to === 'INBOX' ? null : assignee,
  };
  return change(task.id, expected, (client) => move.send(client, task, given));
}
