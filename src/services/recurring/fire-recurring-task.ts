import { type Actor, SYSTEM, toActor, type Viewer } from '../../domain/actor.js';
import type { MissedDueTime } from '../../domain/schedule/catch-up.js';
import { dateTitle } from '../../domain/schedule/dated-title.js';
import { copyTemplate } from '../../domain/tasks/task-fields.js';
import { toDate } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  findFreeDueAt,
  insertFiring,
  insertMissedFirings,
  listOpenChildren,
  noteFirings,
  type RecurringTaskRow,
} from '../../store/recurring/recurring-tasks.js';
import { lockTask, type TaskRow } from '../../store/tasks/tasks.js';
import { moveTask } from '../moves/move-task.js';
import { withinTaskQuota } from '../quotas.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { addTask } from '../tasks/add-task.js';
import { getRecurringTask } from './create-recurring-task.js';

/**
 * Creates a task from a recurring task now, even if it is paused. Its schedule does not change. The policy SKIP does not
 * apply, because the task was requested explicitly; REPLACE cancels an earlier open task as usual.
 * @throws {Refusal} NOT_FOUND
 */
export async function fireRecurringTask(
  context: Pick<ServiceContext, 'database' | 'quotas'>,
  viewer: Viewer,
  id: string,
): Promise<{ readonly recurringTask: RecurringTaskRow; readonly task: TaskRow }> {
  const fireNow = async (tx: Transaction) => {
    const row = await getRecurringTask(tx, toLookup(id));
    const dueAt = await findFreeDueAt(tx, row.id);
    const { task } = await fire(tx, row, { dueAt, actor: toActor(viewer), byHand: true });
    if (task === null)
      throw new Error(`recurring task ${row.id} already fired at ${dueAt.toISOString()}, which was free`);
    return {
      recurringTask: await noteFirings(tx, row.id, { fired: 1, skippedReason: null, nextDueAt: null }),
      task,
    };
  };
  return withinTaskQuota(context, viewer, (take) => {
    take(1);
    return inTransaction(context.database, fireNow);
  });
}

/** The outcome of one due time: a task, or a reason why none was created. Both are null if it was processed before. */
export interface Firing {
  readonly task: TaskRow | null;
  readonly skippedReason: string | null;
}

/** Processes one due time of a locked recurring task, exactly once. */
export async function fire(
  tx: Transaction,
  row: RecurringTaskRow,
  due: { readonly dueAt: Date; readonly actor: Actor; readonly byHand: boolean },
): Promise<Firing> {
  const open = row.overlap === 'ALLOW' ? [] : await listOpenChildren(tx, row.id, OPEN_AT_MOST);
  const [earlier] = open;
  if (row.overlap === 'SKIP' && earlier !== undefined && !due.byHand) {
    const reason = `Its earlier task TASK-${earlier.number} is still ${earlier.status}.`;
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

/** Records, exactly once, that due times were missed. One event announces all of them, with the reason of the latest. */
export async function recordMissed(
  tx: Transaction,
  row: RecurringTaskRow,
  missed: readonly MissedDueTime[],
): Promise<Firing[]> {
  const recorded = await insertMissedFirings(
    tx,
    row.id,
    missed.map(({ dueAtMs, reason }) => ({ dueAt: toDate(dueAtMs), reason })),
  );
  const latest = recorded.at(-1);
  if (latest !== undefined) emitSkipped(tx, row, { actor: SYSTEM, reason: latest.reason });
  return recorded.map(({ reason }) => ({ task: null, skippedReason: reason }));
}

/** Records, exactly once, that a due time creates no task because an earlier task is open. */
async function skip(
  tx: Transaction,
  row: RecurringTaskRow,
  due: { readonly dueAt: Date; readonly actor: Actor; readonly reason: string; readonly taskId: string },
): Promise<Firing> {
  const { reason, actor } = due;
  const isNew = await record(tx, row, {
    dueAt: due.dueAt,
    byHand: false,
    taskId: null,
    skippedReason: reason,
  });
  if (!isNew) return { task: null, skippedReason: null };
  emitSkipped(tx, row, { actor, reason, taskId: due.taskId });
  return { task: null, skippedReason: reason };
}

function emitSkipped(
  tx: Transaction,
  row: RecurringTaskRow,
  { actor, reason, taskId }: { readonly actor: Actor; readonly reason: string; readonly taskId?: string },
): void {
  tx.emit({
    type: 'recurring.skipped',
    actor,
    recurringTaskId: row.id,
    ...(taskId === undefined ? {} : { taskId }),
    agentId: row.assigneeId,
    payload: { reason },
  });
}

/** More than this can be open only if the overlap policy was changed; later firings cancel the rest. */
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

/** Cancels an earlier task unless it was started. This is checked under its row lock, because a claim may be concurrent. */
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
    reason: `Replaced by the next task of ${row.name}.`,
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
