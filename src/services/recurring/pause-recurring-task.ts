import { toActor, type Viewer } from '../../domain/actor.js';
import { inTransaction } from '../../postgres/transaction.js';
import { readNow } from '../../store/ops/database-clock.js';
import {
  deleteRecurringTask,
  type RecurringTaskRow,
  updateRecurringTaskRow,
} from '../../store/recurring/recurring-tasks.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { findNextDueAt, getRecurringTask } from './create-recurring-task.js';

type Context = Pick<ServiceContext, 'database'>;

/** Pauses the schedule of a recurring task. Idempotent. @throws {Refusal} NOT_FOUND */
export async function pauseRecurringTask(
  context: Context,
  viewer: Viewer,
  id: string,
): Promise<RecurringTaskRow> {
  return inTransaction(context.database, async (tx) => {
    const row = await getRecurringTask(tx, toLookup(id));
    if (row.pausedAt !== null) return row;
    tx.emit({ type: 'recurring.paused', ...factsOf(viewer, row) });
    return updateRecurringTaskRow(tx, row.id, { pausedAt: await readNow(tx.executor), nextDueAt: null });
  });
}

/** Resumes the schedule from now. Due times during the pause create no tasks. Idempotent. @throws {Refusal} NOT_FOUND */
export async function resumeRecurringTask(
  context: Context,
  viewer: Viewer,
  id: string,
): Promise<RecurringTaskRow> {
  return inTransaction(context.database, async (tx) => {
    const row = await getRecurringTask(tx, toLookup(id));
    if (row.pausedAt === null) return row;
    tx.emit({ type: 'recurring.resumed', ...factsOf(viewer, row) });
    return updateRecurringTaskRow(tx, row.id, { pausedAt: null, nextDueAt: await findNextDueAt(tx, row) });
  });
}

/** Removes a recurring task and its history; its tasks stay. @returns its id. @throws {Refusal} NOT_FOUND */
export async function removeRecurringTask(context: Context, viewer: Viewer, id: string): Promise<string> {
  return inTransaction(context.database, async (tx) => {
    const row = await getRecurringTask(tx, toLookup(id));
    await deleteRecurringTask(tx, row.id);
    tx.emit({
      type: 'recurring.removed',
      ...factsOf(viewer, row),
      payload: { message: `${row.name} was removed.` },
    });
    return row.id;
  });
}

/** The facts that each of these events carries. */
function factsOf(viewer: Viewer, { id, assigneeId }: RecurringTaskRow) {
  return { actor: toActor(viewer), recurringTaskId: id, agentId: assigneeId };
}
