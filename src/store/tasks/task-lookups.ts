import { identifier, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { parseRows, readRows, rowsOf, shapeOf } from '../lists/row-shape.js';
import { type TaskColumns, type TaskViewer, visibleTo } from './task-lists.js';
import type { TaskRow } from './tasks.js';
import { resultSeenByAgent } from './visible-tasks.js';

/** The tasks with these ids that the viewer may see, unordered. */
export function listTasksById(
  executor: Executor,
  viewer: TaskViewer,
  ids: readonly string[],
  columns: TaskColumns,
): Promise<TaskRow[]> {
  return listTasks(executor, viewer, sql`t.id = ANY(${ids}::text[])`, columns);
}

/** The tasks with these numbers that the viewer may see, unordered. */
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

/** The direction of a dependency: the tasks that a task depends on, or those that depend on it. */
export type TaskLink = 'dependsOn' | 'dependents';

/**
 * The maximum number of linked tasks per field. A task has at most a hundred dependencies, but any number of
 * dependents.
 */
const MAX_LINKED = 1_000;

/** The linked tasks of each task, by number. Uses the primary key or task_dependencies_depends_on_idx. */
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

/** What a dependency shows to an agent that may not see it otherwise. */
export type DependencyView = Pick<TaskRow, 'id' | 'number' | 'status' | 'resolution'>;

const VIEW = shapeOf<DependencyView>('Task', ['number', 'status', 'resolution']);

/**
 * The dependencies with these ids whose result the agent may see, unordered. A resolution is read only once the task is
 * DONE: a task that was rejected or retried keeps its earlier one.
 */
export function listDependencyViews(
  executor: Executor,
  agentId: string,
  ids: readonly string[],
): Promise<DependencyView[]> {
  const columns = VIEW.columns.map((column) =>
    column === 't.resolution' ? "CASE WHEN t.status = 'DONE' THEN t.resolution END AS resolution" : column,
  );
  return readRows(
    executor,
    VIEW,
    sql`SELECT ${identifier(columns.join(', '))} FROM tasks t WHERE t.id = ANY(${ids}::text[]) AND ${resultSeenByAgent(agentId)}`,
  );
}

/** The ids of the dependencies of each task, by number; of all that are visible, or that a task of the agent depends on. */
export async function listDependencyIds(
  executor: Executor,
  viewer: NonNullable<TaskViewer>,
  taskIds: readonly string[],
): Promise<Map<string, string[]>> {
  const found = await query<{ id: string; dependencyIds: string[] }>(
    executor,
    toStatement(sql`SELECT p.id, array_agg(t.id ORDER BY t.number) AS dependency_ids
      FROM unnest(${taskIds}::text[]) AS p (id) JOIN task_dependencies e ON e.task_id = p.id
      JOIN tasks t ON t.id = e.depends_on_id
      WHERE ${visibleTo(viewer)} OR EXISTS (SELECT FROM tasks w WHERE w.id = p.id AND w.assignee_id = ${viewer.agentId})
      GROUP BY p.id`),
  );
  return new Map(found.map(({ id, dependencyIds }) => [id, dependencyIds]));
}
