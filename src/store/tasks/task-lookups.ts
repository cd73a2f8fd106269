import { identifier, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { parseRows, readRows, rowsOf, shapeOf } from '../lists/row-shape.js';
import { type TaskColumns, type TaskViewer, visibleTo } from './task-lists.js';
import type { TaskRow } from './tasks.js';

/** The tasks with these ids that the viewer may see, in no order. */
export function listTasksById(
  executor: Executor,
  viewer: TaskViewer,
  ids: readonly string[],
  columns: TaskColumns,
): Promise<TaskRow[]> {
  return listTasks(executor, viewer, sql`t.id = ANY(${ids}::text[])`, columns);
}

/** The same by number. */
export function listTasksByNumber(
  executor: Executor,
  viewer: TaskViewer,
  numbers: readonly bigint[],
  columns: TaskColumns,
): Promise<TaskRow[]> {
  return listTasks(executor, viewer, sql`t.number = ANY(${numbers}::bigint[])`, columns);
}

function listTasks(
  executor: Executor,
  viewer: TaskViewer,
  which: Sql,
  columns: TaskColumns,
): Promise<TaskRow[]> {
  const shape = shapeOf<TaskRow>('Task', columns);
  return readRows(
    executor,
    shape,
    sql`SELECT ${identifier(shape.columns.join(', '))} FROM tasks t WHERE ${which} AND ${visibleTo(viewer)}`,
  );
}

/** Which way to follow a dependency: to what a task waits for, or to what waits for it. */
export type TaskLink = 'dependsOn' | 'dependents';

/** A task depends on at most a hundred, but any number may depend on it: the answer to one field has an end. */
const MAX_LINKED = 1_000;

/** For each of the tasks its linked ones, by number. Uses the primary key or task_dependencies_depends_on_idx. */
export async function listLinkedTasks(
  executor: Executor,
  viewer: TaskViewer,
  link: TaskLink,
  taskIds: readonly string[],
  columns: TaskColumns,
): Promise<Map<string, TaskRow[]>> {
  const [near, far] = link === 'dependsOn' ? ['task_id', 'depends_on_id'] : ['depends_on_id', 'task_id'];
  const shape = shapeOf<TaskRow>('Task', columns === '*' ? columns : [...columns, 'number']);
  const linked = sql`SELECT ${identifier(shape.columns.join(', '))}
    FROM task_dependencies d JOIN tasks t ON t.id = ${identifier(`d.${far}`)}
    WHERE ${identifier(`d.${near}`)} = p.id AND ${visibleTo(viewer)} ORDER BY t.number LIMIT ${MAX_LINKED}`;
  const found = await query<{ id: string; rows: unknown }>(
    executor,
    toStatement(sql`SELECT p.id, ${rowsOf(shape, linked)} AS rows FROM unnest(${taskIds}::text[]) AS p (id)`),
  );
  return new Map(found.map(({ id, rows }) => [id, parseRows(shape, rows)]));
}
