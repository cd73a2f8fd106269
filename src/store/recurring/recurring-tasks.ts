import type { RecurringFiring, RecurringTask } from '../../generated/prisma/client.js';
import { assignments, columns } from '../../postgres/sql-assignments.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../tasks/tasks.js';

export type RecurringTaskRow = RecurringTask;
export type FiringRow = RecurringFiring;

/** Inserts a recurring task. Null if its name is taken, even by a concurrent transaction. */
export async function insertRecurringTask(
  tx: Transaction,
  row: Pick<RecurringTaskRow, 'id' | 'name' | 'schedule' | 'cron' | 'title'> & Partial<RecurringTaskRow>,
): Promise<RecurringTaskRow | null> {
  const { names, places, values } = columns(row);
  return tx.one<RecurringTaskRow>({
    text: `INSERT INTO recurring_tasks (${names.join(', ')}) VALUES (${places.join(', ')})
      ON CONFLICT (name) DO NOTHING RETURNING *`,
    values,
  });
}

/** Locks a recurring task, found by id, otherwise by name. This serializes its edits and firings. Null if there is none. */
export async function lockRecurringTask(tx: Transaction, idOrName: string): Promise<RecurringTaskRow | null> {
  return tx.one<RecurringTaskRow>({
    name: 'lock_recurring_task',
    text: 'SELECT * FROM recurring_tasks WHERE id = $1 OR name = $1 ORDER BY id = $1 DESC LIMIT 1 FOR UPDATE',
    values: [idOrName],
  });
}

/** Finds the id of a recurring task by id, otherwise by name. Null if there is none. */
export async function findRecurringTaskId(executor: Executor, idOrName: string): Promise<string | null> {
  const [row] = await query<{ id: string }>(executor, {
    name: 'find_recurring_task_id',
    text: 'SELECT id FROM recurring_tasks WHERE id = $1 OR name = $1 ORDER BY id = $1 DESC LIMIT 1',
    values: [idOrName],
  });
  return row?.id ?? null;
}

/** Whether another recurring task has the name. */
export async function isRecurringNameTaken(
  tx: Transaction,
  name: string,
  exceptId: string,
): Promise<boolean> {
  const row = await tx.one({
    name: 'is_recurring_name_taken',
    text: 'SELECT id FROM recurring_tasks WHERE name = $1 AND id <> $2',
    values: [name, exceptId],
  });
  return row !== null;
}

/** Writes columns of a locked recurring task and increases its version. */
export async function updateRecurringTaskRow(
  tx: Transaction,
  id: string,
  changes: Partial<RecurringTaskRow>,
): Promise<RecurringTaskRow> {
  const { sql, values } = assignments(changes, 2);
  return found(
    await tx.one<RecurringTaskRow>({
      text: `UPDATE recurring_tasks SET ${sql.map((part) => `${part}, `).join('')} version = version + 1, updated_at = now()
        WHERE id = $1 RETURNING *`,
      values: [id, ...values],
    }),
    id,
  );
}

/** Deletes a locked recurring task and its firings. Its tasks keep its id. */
export async function deleteRecurringTask(tx: Transaction, id: string): Promise<void> {
  await tx.query({
    name: 'delete_recurring_task',
    text: 'DELETE FROM recurring_tasks WHERE id = $1',
    values: [id],
  });
}

/** A due recurring task, with the time of the database clock. */
export interface DueRecurringTask extends RecurringTaskRow {
  readonly nowAt: Date;
}

/**
 * Locks the recurring task with the earliest due time, except those in `exceptIds`, with which the caller failed. SKIP
 * LOCKED skips rows that another process or an edit has locked. Reads recurring_tasks_due_idx from its head.
 */
export async function takeDueRecurringTask(
  tx: Transaction,
  exceptIds: readonly string[],
): Promise<DueRecurringTask | null> {
  return tx.one<DueRecurringTask>({
    name: 'take_due_recurring_task',
    text: `SELECT *, date_trunc('milliseconds', clock_timestamp()) AS now_at FROM recurring_tasks
      WHERE next_due_at <= now() AND id <> ALL($1)
      ORDER BY next_due_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
    values: [exceptIds],
  });
}

/** Milliseconds until the next due time; negative if it has passed; null if there is none. */
export async function findNextDueInMs(executor: Executor): Promise<number | null> {
  const [row] = await query<{ inMs: number | null }>(executor, {
    name: 'find_next_due_in_ms',
    text: `SELECT (extract(epoch FROM min(next_due_at) - clock_timestamp()) * 1000)::float8 AS in_ms
      FROM recurring_tasks WHERE next_due_at IS NOT NULL`,
  });
  return row?.inMs ?? null;
}

/**
 * Records the outcome of a due time. Returns false if it is already recorded. This guarantees at most one task per due
 * time, regardless of clocks and the number of processes.
 */
export async function insertFiring(
  tx: Transaction,
  firing: Pick<FiringRow, 'recurringTaskId' | 'dueAt' | 'taskId' | 'skippedReason' | 'byHand'>,
): Promise<boolean> {
  const row = await tx.one({
    name: 'insert_recurring_firing',
    text: `INSERT INTO recurring_firings (recurring_task_id, due_at, task_id, skipped_reason, by_hand)
      VALUES ($1, $2, $3, $4, $5) ON CONFLICT (recurring_task_id, due_at) DO NOTHING RETURNING due_at`,
    values: [firing.recurringTaskId, firing.dueAt, firing.taskId, firing.skippedReason, firing.byHand],
  });
  return row !== null;
}

/** Records several due times that created no task, each exactly once. Returns the new ones in ascending order. */
export async function insertMissedFirings(
  tx: Transaction,
  recurringTaskId: string,
  missed: readonly { readonly dueAt: Date; readonly reason: string }[],
): Promise<{ readonly dueAt: Date; readonly reason: string }[]> {
  if (missed.length === 0) return [];
  return tx.query({
    name: 'insert_missed_firings',
    text: `WITH recorded AS (
        INSERT INTO recurring_firings (recurring_task_id, due_at, skipped_reason)
        SELECT $1, due_at, reason FROM unnest($2::timestamptz[], $3::text[]) AS missed(due_at, reason)
        ON CONFLICT (recurring_task_id, due_at) DO NOTHING RETURNING due_at, skipped_reason AS reason)
      SELECT due_at, reason FROM recorded ORDER BY due_at`,
    values: [recurringTaskId, missed.map(({ dueAt }) => dueAt), missed.map(({ reason }) => reason)],
  });
}

/** The due time of a manual firing: now, or the next millisecond without a recorded firing. */
export async function findFreeDueAt(tx: Transaction, recurringTaskId: string): Promise<Date> {
  const row = await tx.one<{ dueAt: Date }>({
    name: 'find_free_due_at',
    text: `SELECT greatest(date_trunc('milliseconds', clock_timestamp()), max(due_at) + interval '1 millisecond') AS due_at
      FROM recurring_firings WHERE recurring_task_id = $1 AND due_at >= date_trunc('milliseconds', clock_timestamp())`,
    values: [recurringTaskId],
  });
  return found(row, recurringTaskId).dueAt;
}

/** The tasks of a recurring task that have not ended, oldest first. Uses tasks_recurring_open_idx. */
export async function listOpenChildren(
  tx: Transaction,
  recurringTaskId: string,
  limit: number,
): Promise<Pick<TaskRow, 'id' | 'number' | 'status'>[]> {
  return tx.query({
    name: 'list_open_children',
    text: `SELECT id, number, status FROM tasks
      WHERE recurring_task_id = $1 AND status NOT IN ('DONE', 'FAILED', 'CANCELLED') ORDER BY number LIMIT $2`,
    values: [recurringTaskId, limit],
  });
}

/** Writes the result of processing due times to a locked recurring task. This is not an edit, so its version stays. */
export async function noteFirings(
  tx: Transaction,
  id: string,
  note: {
    /** The number of created tasks. */
    readonly fired: number;
    readonly skippedReason: string | null;
    /** The new due time; null keeps the stored one. */
    readonly nextDueAt: Date | null;
  },
): Promise<RecurringTaskRow> {
  return found(
    await tx.one<RecurringTaskRow>({
      name: 'note_recurring_firings',
      text: `UPDATE recurring_tasks SET fire_count = fire_count + $2::int, next_due_at = coalesce($4, next_due_at),
          last_fired_at = CASE WHEN $2::int > 0 THEN clock_timestamp() ELSE last_fired_at END,
          last_skipped_at = CASE WHEN $3::text IS NULL THEN last_skipped_at ELSE clock_timestamp() END,
          last_skip_reason = coalesce($3, last_skip_reason)
        WHERE id = $1 RETURNING *`,
      values: [id, note.fired, note.skippedReason, note.nextDueAt],
    }),
    id,
  );
}

function found<Row>(row: Row | null, id: string): Row {
  if (row === null) throw new Error(`recurring task ${id} vanished while its row was locked`);
  return row;
}
