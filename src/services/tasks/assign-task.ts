import { toActor, type Viewer } from '../../domain/actor.js';
import { InvalidTransition } from '../../domain/refusals.js';
import { isAllowedTransition } from '../../domain/task-status.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { findRun } from '../../store/runs/runs.js';
import { type TaskRow, updateTaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { checkVersion } from '../check-version.js';
import { moveTask } from '../moves/move-task.js';
import { type AgentRef, getAgentByRef, lockTaskByRef, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export interface AssignTask {
  readonly task: TaskRef;
  /** Null or left out takes the task back to the inbox. */
  readonly assignee?: AgentRef | null | undefined;
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Gives a waiting task to an agent, to another one, or back to the inbox. One that was sent to a PUSH agent can be given to
 * another agent in the middle of that: the call is aborted, and nothing counts. The same assignee again changes nothing.
 * @throws {InvalidTransition} once an agent has claimed it or it has ended: cancel or retry it then.
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
    const isSent = await isSentOut(tx, task);
    const canBeGiven = isSent || isWaiting(task);
    if (canBeGiven && task.assigneeId === (assignee?.id ?? null)) return task;
    checkMove(task, assignee === null ? 'INBOX' : 'ASSIGNED', canBeGiven);
    const given = await giveTo(tx, viewer, task, assignee?.id ?? null);
    if (isSent && task.assigneeId !== null)
      await announceStatus(context, tx, task.assigneeId, toActor(viewer));
    return given;
  });
}

/** Whether the server has sent it to its agent. Whoever claims a task works on it, and has not been asked. */
async function isSentOut(tx: Transaction, { currentRunId }: TaskRow): Promise<boolean> {
  const run = currentRunId === null ? null : await findRun(tx, currentRunId);
  return run?.trigger === 'DISPATCH';
}

function isWaiting(task: TaskRow): boolean {
  return task.status === 'INBOX' || task.status === 'ASSIGNED';
}

/** The table also lets FAILED and CANCELLED become ASSIGNED or INBOX, but only by a retry. */
function checkMove(task: TaskRow, to: 'INBOX' | 'ASSIGNED', canBeGiven: boolean): void {
  if (canBeGiven && isAllowedTransition(task.status, to)) return;
  const verb = to === 'INBOX' ? 'unassign' : 'assign';
  throw new InvalidTransition(task.status, to, verb);
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
