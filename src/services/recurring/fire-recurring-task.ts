import { type Actor, toActor, type Viewer } from '../../domain/actor.js';
import { dateTitle } from '../../domain/schedule/dated-title.js';
import { copyTemplate } from '../../domain/tasks/task-fields.js';
import { toDate } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  findFreeDueAt,
  insertFiring,
  listOpenChildren,
  noteFirings,
  type RecurringTaskRow,
} from '../../store/recurring/recurring-tasks.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { moveTask } from '../moves/move-task.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { addTask } from '../tasks/add-task.js';
import { getRecurringTask } from './create-recurring-task.js';

/**
 * Makes a task of a recurring task now, whatever its schedule says and also if it is paused. The schedule goes on as if
 * nothing had happened. An earlier task that is still open is no obstacle, for somebody wants this one; with `REPLACE` it
 * is cancelled as always.
 * @throws {Refusal} NOT_FOUND
 */
export async function fireRecurringTask(
  context: Pick<ServiceContext, 'database'>,
  viewer: Viewer,
  id: string,
): Promise<{ readonly recurringTask: RecurringTaskRow; readonly task: TaskRow }> {
  return inTransaction(context.database, async (tx) => {
    const row = await getRecurringTask(tx, toLookup(id));
    const dueAt = await findFreeDueAt(tx, row.id);
    const { task } = await fire(tx, row, { dueAt, actor: toActor(viewer), byHand: true });
    if (task === null)
      throw new Error(`recurring task ${row.id} was fired at ${dueAt.toISOString()} though nobody had`);
    return {
      recurringTask: await noteFirings(tx, row.id, { fired: 1, skippedReason: null, nextDueAt: null }),
      task,
    };
  });
}

/** What became of one due time: a task, a reason for none, or neither, where that was settled before. */
export interface Firing {
  readonly task: TaskRow | null;
  readonly skippedReason: string | null;
}

/** Deals with one due time of a locked recurring task, once. */
export async function fire(
  tx: Transaction,
  row: RecurringTaskRow,
  due: { readonly dueAt: Date; readonly actor: Actor; readonly byHand: boolean },
): Promise<Firing> {
  const open = row.overlap === 'ALLOW' ? [] : await listOpenChildren(tx, row.id, OPEN_AT_MOST);
  const [earlier] = open;
  if (row.overlap === 'SKIP' && earlier !== undefined && !due.byHand) {
    const reason = `TASK-${earlier.number}, which it made before, is still ${earlier.status}.`;
    return skip(tx, row, { ...due, reason, taskId: earlier.id });
  }
  const taskId = newId('task');
  if (!(await record(tx, row, { ...due, taskId, skippedReason: null })))
    return { task: null, skippedReason: null };
  if (row.overlap === 'REPLACE') for (const { id } of open) await replace(tx, row, id, due.actor);
  const task = await addChild(tx, row, taskId, due);
  tx.emit({
    type: 'recurring.fired',
    actor: due.actor,
    recurringTaskId: row.id,
    taskId,
    agentId: task.assigneeId,
  });
  return { task, skippedReason: null };
}

/** Records, once, that a due time comes to nothing, and why. */
export async function skip(
  tx: Transaction,
  row: RecurringTaskRow,
  due: { readonly dueAt: Date; readonly actor: Actor; readonly reason: string; readonly taskId?: string },
): Promise<Firing> {
  const { reason, actor } = due;
  const isNew = await record(tx, row, {
    dueAt: due.dueAt,
    byHand: false,
    taskId: null,
    skippedReason: reason,
  });
  if (!isNew) return { task: null, skippedReason: null };
  tx.emit({
    type: 'recurring.skipped',
    actor,
    recurringTaskId: row.id,
    ...(due.taskId === undefined ? {} : { taskId: due.taskId }),
    agentId: row.assigneeId,
    payload: { reason },
  });
  return { task: null, skippedReason: reason };
}

/** More are open only where the policy was another one before; the next turns cancel those. */
const OPEN_AT_MOST = 100;

function record(
  tx: Transaction,
  row: RecurringTaskRow,
  {
    dueAt,
    byHand,
    taskId,
    skippedReason,
  }: { dueAt: Date; byHand: boolean; taskId: string | null; skippedReason: string | null },
): Promise<boolean> {
  return insertFiring(tx, { recurringTaskId: row.id, dueAt, byHand, taskId, skippedReason });
}

/** Cancels an earlier task unless work on it has begun: looked at under its lock, for a claim may be on its way. */
async function replace(tx: Transaction, row: RecurringTaskRow, taskId: string, actor: Actor): Promise<void> {
  const task = await lockTask(tx, { id: taskId });
  const isUntouched =
    task !== null && (task.status === 'INBOX' || task.status === 'ASSIGNED') && task.runCount === 0;
  if (!isUntouched) return;
  await moveTask(tx, task, {
    to: 'CANCELLED',
    verb: 'replace',
    actor,
    event: 'task.cancelled',
    reason: `The next task of ${row.name} takes its place.`,
  });
}

function addChild(
  tx: Transaction,
  row: RecurringTaskRow,
  id: string,
  { dueAt, actor }: { readonly dueAt: Date; readonly actor: Actor },
): Promise<TaskRow> {
  return addTask(tx, actor, {
    id,
    ...copyTemplate(row),
    title: dateTitle(row.title, row, dueAt),
    status: row.assigneeId === null ? 'INBOX' : 'ASSIGNED',
    assigneeId: row.assigneeId,
    dueAt: row.dueInMs === null ? null : toDate(dueAt.getTime() + Number(row.dueInMs)),
    startsAt: null,
    openDependencies: 0,
    onDependencyFailure: 'BLOCK',
    recurringTaskId: row.id,
    scheduledFor: dueAt,
  });
}
