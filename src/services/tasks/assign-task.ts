import { toActor, type Viewer } from '../../domain/actor.js';
import { InvalidTransition } from '../../domain/refusals.js';
import { isAllowedTransition } from '../../domain/tasks/task-status.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { findRun } from '../../store/runs/runs.js';
import { rememberFormerAssignee } from '../../store/tasks/former-assignees.js';
import { type TaskRow, updateTaskRow } from '../../store/tasks/tasks.js';
import { announceStatus } from '../agents/announce-status.js';
import { checkVersion } from '../check-version.js';
import { moveTask } from '../moves/move-task.js';
import { type AgentRef, getAgentByRef, lockTaskByRef, type TaskRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

export interface AssignTask {
  readonly task: TaskRef;
  /** Null or undefined returns the task to the inbox. */
  readonly assignee?: AgentRef | null | undefined;
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Assigns a waiting task to an agent or returns it to the inbox. A task that the dispatcher has sent to a PUSH agent can
 * be reassigned too: the gateway call is aborted and does not count as a failed attempt. The task gets a pin: what the
 * agent does not finish returns to it. The same assignee changes nothing else.
 * @throws {InvalidTransition} if an agent has claimed the task, or if it has ended.
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
    const isSent = await isDispatched(tx, task);
    const isAssignable = isSent || isWaiting(task);
    if (isAssignable && task.assigneeId === (assignee?.id ?? null)) return pin(tx, viewer, task);
    checkMove(task, assignee === null ? 'INBOX' : 'ASSIGNED', isAssignable);
    const assigned = await writeAssignee(tx, viewer, task, assignee?.id ?? null);
    if (isSent && task.assigneeId !== null)
      await announceStatus(context, tx, task.assigneeId, toActor(viewer));
    return assigned;
  });
}

/** Whether the dispatcher sent the task to its agent. A claimed task cannot be reassigned, because its agent works on it. */
async function isDispatched(tx: Transaction, { currentRunId }: TaskRow): Promise<boolean> {
  const run = currentRunId === null ? null : await findRun(tx, currentRunId);
  return run?.trigger === 'DISPATCH';
}

function isWaiting(task: TaskRow): boolean {
  return task.status === 'INBOX' || task.status === 'ASSIGNED';
}

/**
 * The transition table also allows FAILED and CANCELLED to become ASSIGNED or INBOX, but only for a retry, and IN_PROGRESS
 * to become INBOX, but only for its agent or a job.
 */
function checkMove(task: TaskRow, to: 'INBOX' | 'ASSIGNED', isAssignable: boolean): void {
  const isTakenBack = task.status === 'IN_PROGRESS' && to === 'INBOX';
  if (isAssignable && !isTakenBack && isAllowedTransition(task.status, to)) return;
  const verb = to === 'INBOX' ? 'unassign' : 'assign';
  throw new InvalidTransition(task.status, to, verb);
}

/** Names the agent that has the task already. */
async function pin(tx: Transaction, viewer: Viewer, task: TaskRow): Promise<TaskRow> {
  if (task.assigneeId === null || task.pinned) return task;
  const pinned = await updateTaskRow(tx, task, { pinned: true });
  if (pinned === null) throw new Error(`task ${task.id} changed its status while its row was locked`);
  tx.emit({
    type: 'task.updated',
    actor: toActor(viewer),
    taskId: task.id,
    agentId: task.assigneeId,
    payload: { changedFields: ['pinned'] },
  });
  return pinned;
}

async function writeAssignee(
  tx: Transaction,
  viewer: Viewer,
  task: TaskRow,
  assigneeId: string | null,
): Promise<TaskRow> {
  const actor = toActor(viewer);
  const to = assigneeId === null ? 'INBOX' : 'ASSIGNED';
  const changes = { assigneeId, pinned: assigneeId !== null, releasedBy: [] };
  await rememberFormerAssignee(tx, task);
  const assigned =
    task.status === to
      ? await updateTaskRow(tx, task, changes)
      : await moveTask(tx, task, { to, verb: 'assign', actor, changes });
  if (assigned === null) throw new Error(`task ${task.id} changed its status while its row was locked`);
  tx.emit({
    type: 'task.assigned',
    actor,
    taskId: task.id,
    agentId: assigneeId,
    payload: { assigneeId, previousAssigneeId: task.assigneeId },
  });
  return assigned;
}
