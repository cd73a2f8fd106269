import type { Pool } from 'pg';
import { type Columns, parseRows, rowsOf, shapeOf } from '../row-shape.js';
import type { TaskRunRow } from '../runs.js';
import { sql, toStatement } from '../sql-text.js';
import { query } from '../statement.js';
import type { TaskRow } from '../tasks.js';
import type { ClaimRow } from './claim-tasks.js';

/** Which columns of a task and its run are wanted. */
export interface ClaimColumns {
  readonly task: Columns<TaskRow>;
  readonly run: Columns<TaskRunRow>;
}

/**
 * The rows behind the answers of a batch of claims, by id, in one round trip. A statement of its own: the snapshot of
 * the claim's statement is older than its work.
 */
export async function readClaimedRows(
  pool: Pool,
  claims: readonly ClaimRow[],
  columns: ClaimColumns,
): Promise<{ tasks: Map<string, TaskRow>; runs: Map<string, TaskRunRow> }> {
  const taskIds = claims.flatMap((claim) => claim.taskId ?? []);
  const runIds = claims.flatMap((claim) => claim.runId ?? []);
  if (taskIds.length === 0) return { tasks: new Map(), runs: new Map() };
  const taskShape = shapeOf<TaskRow>('Task', columns.task);
  const runShape = shapeOf<TaskRunRow>('TaskRun', columns.run);
  const tasks = rowsOf(taskShape, sql`SELECT * FROM tasks WHERE id = ANY(${taskIds})`);
  const runs = rowsOf(runShape, sql`SELECT * FROM task_runs WHERE id = ANY(${runIds})`);
  const [row] = await query<{ tasks: unknown; runs: unknown }>(
    pool,
    toStatement(sql`SELECT ${tasks} AS tasks, ${runs} AS runs`),
  );
  return {
    tasks: new Map(parseRows(taskShape, row?.tasks).map((task) => [task.id, task])),
    runs: new Map(parseRows(runShape, row?.runs).map((run) => [run.id, run])),
  };
}
