import type { TaskField } from '../../domain/tasks/task-fields.js';
import type { Task } from '../../generated/prisma/client.js';
import { assignments, columns } from '../../postgres/sql-assignments.js';
import type { Transaction } from '../../postgres/transaction.js';

/** A row of `tasks`. It is Prisma's type, so reads and writes share one mapping of names. */
export type TaskRow = Task;

/** The columns of a new task. */
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

/** A task by id or by the number of its ref. */
export type TaskKey = { readonly id: string } | { readonly number: bigint };

/** Locks the task until the transaction ends. Claims skip it in the meantime. Null if there is none. */
export async function lockTask(tx: Transaction, key: TaskKey): Promise<TaskRow | null> {
  const [column, value] = 'id' in key ? ['id', key.id] : ['number', key.number];
  return tx.one<TaskRow>({
    name: `lock_task_by_${column}`,
    text: `SELECT * FROM tasks WHERE ${column} = $1 FOR NO KEY UPDATE`,
    values: [value],
  });
}

/** What a new dependent needs to know of its dependency. */
export type DependencyRow = Pick<TaskRow, 'id' | 'number' | 'status'>;

/** Share-locks tasks so that none can end before this transaction does. Locks in id order, so that callers cannot deadlock. */
export async function lockTasksForDependents(
  tx: Transaction,
  ids: readonly string[],
): Promise<DependencyRow[]> {
  return tx.query<DependencyRow>({
    name: 'lock_tasks_for_dependents',
    text: 'SELECT id, number, status FROM tasks WHERE id = ANY($1) ORDER BY id FOR SHARE',
    values: [ids],
  });
}

/** The task's row without a lock; null if there is none. */
export async function findTask(tx: Transaction, key: TaskKey): Promise<TaskRow | null> {
  const [column, value] = 'id' in key ? ['id', key.id] : ['number', key.number];
  return tx.one<TaskRow>({
    name: `find_task_by_${column}`,
    text: `SELECT * FROM tasks WHERE ${column} = $1`,
    values: [value],
  });
}

/** The numbers of the tasks with these ids, as a map by id. */
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
 * Inserts a task. A `starts_at` in the future sets `not_before`, by the database clock. Numbers come from a sequence and
 * may have gaps.
 */
export async function insertTask(tx: Transaction, task: NewTask): Promise<TaskRow> {
  const { names, places, values } = columns({ ...task, pinned: task.assigneeId !== null });
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
 * Writes columns of a locked task and increases its version. Null if the row no longer has the status of `task`. After a
 * change of `starts_at` or `backoff_until`, call {@link settleNotBefore}.
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

/** As {@link updateTaskRow}, with a new status. The times that belong to a status come from the database clock. */
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

/** Derives `not_before` from `starts_at` and `backoff_until`, by the database clock. The queue indexes depend on it. */
export async function settleNotBefore(tx: Transaction, taskId: string): Promise<TaskRow | null> {
  return tx.one<TaskRow>({
    name: 'settle_not_before',
    text: `UPDATE tasks SET not_before = CASE WHEN greatest(starts_at, backoff_until) > now() THEN greatest(starts_at, backoff_until) END
      WHERE id = $1 RETURNING *`,
    values: [taskId],
  });
}
