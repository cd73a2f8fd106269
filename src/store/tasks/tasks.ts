import type { TaskField } from '../../domain/tasks/task-fields.js';
import type { Task } from '../../generated/prisma/client.js';
import { assignments, columns } from '../../postgres/sql-assignments.js';
import type { Transaction } from '../../postgres/transaction.js';

/** A row of `tasks`, as Prisma's model says it: one mapping of names for reads and writes. */
export type TaskRow = Task;

/** The columns that a person or an agent gives when a task is made. */
export type NewTask = Pick<
  TaskRow,
  | TaskField
  | 'id'
  | 'status'
  | 'assigneeId'
  | 'createdByKeyId'
  | 'createdByAgentId'
  | 'openDependencies'
  | 'onDependencyFailure'
> &
  Partial<Pick<TaskRow, 'recurringTaskId' | 'scheduledFor'>>;

/** How people and machines name a task: by its id or by its ref. */
export type TaskKey = { readonly id: string } | { readonly number: bigint };

/** Locks the task against other changes until the transaction ends; claims step over it meanwhile. Null if there is none. */
export async function lockTask(tx: Transaction, key: TaskKey): Promise<TaskRow | null> {
  const [column, value] = 'id' in key ? ['id', key.id] : ['number', key.number];
  return tx.one<TaskRow>({
    name: `lock_task_by_${column}`,
    text: `SELECT * FROM tasks WHERE ${column} = $1 FOR NO KEY UPDATE`,
    values: [value],
  });
}

/** Locks tasks so that none of them can end before this transaction does, in id order, so that two callers never deadlock. */
export async function lockTasksForDependents(tx: Transaction, ids: readonly string[]): Promise<TaskRow[]> {
  return tx.query<TaskRow>({
    name: 'lock_tasks_for_dependents',
    text: 'SELECT * FROM tasks WHERE id = ANY($1) ORDER BY id FOR SHARE',
    values: [ids],
  });
}

/** The task's row without a lock. */
export async function findTask(tx: Transaction, key: TaskKey): Promise<TaskRow | null> {
  const [column, value] = 'id' in key ? ['id', key.id] : ['number', key.number];
  return tx.one<TaskRow>({
    name: `find_task_by_${column}`,
    text: `SELECT * FROM tasks WHERE ${column} = $1`,
    values: [value],
  });
}

/** The numbers of the tasks with these ids, by id. */
export async function listTaskNumbers(
  tx: Transaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await tx.query<Pick<TaskRow, 'id' | 'number'>>({
    name: 'list_task_numbers',
    text: 'SELECT id, number FROM tasks WHERE id = ANY($1)',
    values: [ids],
  });
  return new Map(rows.map(({ id, number }) => [id, number]));
}

/**
 * Inserts a task. `starts_at` in the future holds it back through `not_before`, by the database's clock; numbers come
 * from a sequence and may have gaps.
 */
export async function insertTask(tx: Transaction, task: NewTask): Promise<TaskRow> {
  const { names, places, values } = columns(task);
  const startsAt = places[Object.keys(task).indexOf('startsAt')];
  const row = await tx.one<TaskRow>({
    name: task.recurringTaskId === undefined ? 'insert_task' : 'insert_recurring_child',
    text: `INSERT INTO tasks (${names.join(', ')}, not_before)
      VALUES (${places.join(', ')}, CASE WHEN ${startsAt}::timestamptz > now() THEN ${startsAt}::timestamptz END) RETURNING *`,
    values,
  });
  if (row === null) throw new Error('INSERT INTO tasks returned no row');
  return row;
}

/**
 * Writes columns of a locked task and raises its version. `not_before` follows `starts_at` and `backoff_until`, so that
 * the queue's indexes hold what may be claimed now. Null if the row is no longer in `status`.
 */
export async function updateTaskRow(
  tx: Transaction,
  task: Pick<TaskRow, 'id' | 'status'>,
  changes: Partial<TaskRow>,
): Promise<TaskRow | null> {
  const { sql, values } = assignments(changes, 3);
  return tx.one<TaskRow>({
    text: `UPDATE tasks SET ${sql.map((part) => `${part}, `).join('')} version = version + 1, updated_at = now()
      WHERE id = $1 AND status = $2 RETURNING *`,
    values: [task.id, task.status, ...values],
  });
}

/** As `updateTaskRow`, for a new status: the instants that belong to one are written by the database's clock. */
export async function moveTaskRow(
  tx: Transaction,
  task: Pick<TaskRow, 'id' | 'status'>,
  to: TaskRow['status'],
  changes: Partial<TaskRow>,
): Promise<TaskRow | null> {
  const { sql, values } = assignments(changes, 4);
  if (to === 'IN_PROGRESS') sql.push('started_at = now()');
  return tx.one<TaskRow>({
    text: `UPDATE tasks SET ${sql.map((part) => `${part}, `).join('')} status = $3, version = version + 1,
        updated_at = now(), status_at = now(),
        completed_at = CASE WHEN $3::task_status IN ('DONE', 'FAILED', 'CANCELLED') THEN now() END
      WHERE id = $1 AND status = $2 RETURNING *`,
    values: [task.id, task.status, to, ...values],
  });
}

/** Sets `not_before` from `starts_at` and `backoff_until`, by the database's clock. */
export async function settleNotBefore(tx: Transaction, taskId: string): Promise<TaskRow | null> {
  return tx.one<TaskRow>({
    name: 'settle_not_before',
    text: `UPDATE tasks SET not_before = CASE WHEN greatest(starts_at, backoff_until) > now() THEN greatest(starts_at, backoff_until) END
      WHERE id = $1 RETURNING *`,
    values: [taskId],
  });
}
