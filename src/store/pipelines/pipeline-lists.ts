import { allOf, identifier, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { ChildLists, List } from '../lists/keyset.js';
import { parseRows, readRows, rowsOf, shapeOf } from '../lists/row-shape.js';
import { type TaskColumns, type TaskViewer, visibleTo } from '../tasks/task-lists.js';
import type { TaskRow } from '../tasks/tasks.js';
import type { PipelineRunRow } from './pipeline-runs.js';
import type { PipelineRow } from './pipelines.js';

const PIPELINE = shapeOf<PipelineRow>('Pipeline', '*');
const RUN = shapeOf<PipelineRunRow>('PipelineRun', '*');

/** The pipelines that are not removed, by name. Uses pipelines_name_key. */
export const PIPELINES: List<PipelineRow> = {
  from: 'pipelines t',
  shape: PIPELINE,
  where: sql`t.removed_at IS NULL`,
  order: {
    tag: 'pipeline',
    descending: false,
    keys: [{ sql: 't.name', kind: 'text', of: ({ name }) => name }],
  },
};

/** The runs of a pipeline that the viewer may see, latest first. Uses pipeline_runs_pipeline_idx. */
export function runsOfPipelines(viewer: TaskViewer): ChildLists<PipelineRunRow> {
  return {
    from: 'pipeline_runs t',
    shape: RUN,
    parent: 't.pipeline_id',
    where: runSeenBy(viewer),
    order: {
      tag: 'pipelineRun',
      descending: true,
      keys: [
        { sql: 't.started_at', kind: 'instant', of: ({ startedAt }) => startedAt },
        { sql: 't.id', kind: 'text', of: ({ id }) => id },
      ],
    },
  };
}

/** The runs with these ids that the viewer may see, unordered. */
export function listPipelineRuns(
  executor: Executor,
  viewer: TaskViewer,
  ids: readonly string[],
): Promise<PipelineRunRow[]> {
  return readRows(
    executor,
    RUN,
    sql`SELECT ${identifier(RUN.columns.join(', '))} FROM pipeline_runs t
      WHERE ${allOf([sql`t.id = ANY(${ids}::text[])`, runSeenBy(viewer)])}`,
  );
}

/** SQL condition: whether the viewer may see the run `t`. An agent sees the runs that have a task it may see. */
function runSeenBy(viewer: TaskViewer): Sql {
  if (viewer === null) return sql`true`;
  return sql`EXISTS (SELECT FROM (SELECT t.id) r JOIN tasks t ON t.pipeline_run_id = r.id WHERE ${visibleTo(viewer)})`;
}

/** The tasks of each run that the viewer may see, by number. Uses tasks_pipeline_step_key. */
export async function listTasksOfRuns(
  executor: Executor,
  viewer: TaskViewer,
  runIds: readonly string[],
  columns: TaskColumns,
): Promise<Map<string, TaskRow[]>> {
  const shape = shapeOf<TaskRow>('Task', columns === '*' ? columns : [...columns, 'number']);
  const ofRun = sql`SELECT ${identifier(shape.columns.join(', '))} FROM tasks t
    WHERE t.pipeline_run_id = p.id AND ${visibleTo(viewer)} ORDER BY t.number`;
  const found = await query<{ id: string; rows: unknown }>(
    executor,
    toStatement(sql`SELECT p.id, ${rowsOf(shape, ofRun)} AS rows FROM unnest(${runIds}::text[]) AS p (id)`),
  );
  return new Map(found.map(({ id, rows }) => [id, parseRows(shape, rows)]));
}

/** The number of tasks of each run, and the number of ended ones. */
export function listPipelineProgress(
  executor: Executor,
  runIds: readonly string[],
): Promise<{ readonly id: string; readonly tasks: number; readonly ended: number }[]> {
  return query(
    executor,
    toStatement(sql`SELECT pipeline_run_id AS id, count(*)::int AS tasks,
        (count(*) FILTER (WHERE status IN ('DONE', 'FAILED', 'CANCELLED')))::int AS ended
      FROM tasks WHERE pipeline_run_id = ANY(${runIds}::text[]) GROUP BY pipeline_run_id`),
  );
}

/** The ids of all tasks of a run. They never change, because all tasks are created at the start. */
export async function listTaskIdsOfRun(executor: Executor, runId: string): Promise<string[]> {
  const rows = await query<{ id: string }>(
    executor,
    toStatement(sql`SELECT id FROM tasks WHERE pipeline_run_id = ${runId}`),
  );
  return rows.map(({ id }) => id);
}
