import type { Viewer } from '../../domain/actor.js';
import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import { listPlaceholders } from '../../domain/pipelines/placeholders.js';
import { openChildLists, openList } from '../../store/lists/list-reader.js';
import {
  listPipelineProgress,
  listPipelineRuns,
  listTaskIdsOfRun,
  listTasksOfRuns,
  PIPELINES,
  runsOfPipelines,
} from '../../store/pipelines/pipeline-lists.js';
import type { PipelineRunRow } from '../../store/pipelines/pipeline-runs.js';
import {
  listPipelineSteps,
  type PipelineRow,
  type PipelineStepRow,
} from '../../store/pipelines/pipelines.js';
import type { TaskColumns } from '../../store/tasks/task-lists.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { toTaskViewer } from '../tasks/read-tasks.js';
import { textsOf } from './start-pipeline.js';

export type { PipelineRow, PipelineRunRow, PipelineStepRow };

type ReadContext = Pick<ServiceContext, 'database' | 'settings'>;

/** The pipelines, by name. Every key may see them, because every agent may start one. */
export function openPipelines({ database }: ReadContext): ListReader<PipelineRow> {
  return openList(database.pool, PIPELINES);
}

/** The steps of several pipelines, as a map by pipeline id. */
export async function findPipelineSteps(
  { database }: ReadContext,
  pipelineIds: readonly string[],
): Promise<ReadonlyMap<string, PipelineStepRow[]>> {
  const steps = new Map<string, PipelineStepRow[]>();
  for (const step of await listPipelineSteps(database.pool, pipelineIds)) {
    const own = steps.get(step.pipelineId);
    if (own === undefined) steps.set(step.pipelineId, [step]);
    else own.push(step);
  }
  return steps;
}

/** The names of the variables in the steps. */
export function variablesOf(steps: readonly PipelineStepRow[]): string[] {
  return listPlaceholders(steps.flatMap(textsOf));
}

/** The runs of several pipelines, latest first. An agent sees the runs that have a task it may see. */
export function openRunsOfPipelines(context: ReadContext, viewer: Viewer): ChildListsReader<PipelineRunRow> {
  return openChildLists(context.database.pool, runsOfPipelines(toTaskViewer(context, viewer)));
}

/** The runs with these ids that the viewer may see, as a map by id. */
export async function findPipelineRuns(
  context: ReadContext,
  viewer: Viewer,
  ids: readonly string[],
): Promise<ReadonlyMap<string, PipelineRunRow>> {
  return byId(await listPipelineRuns(context.database.pool, toTaskViewer(context, viewer), ids));
}

/** The tasks of several runs that the viewer may see, as a map by run id, sorted by number. */
export function findTasksOfRuns(
  context: ReadContext,
  viewer: Viewer,
  runIds: readonly string[],
  columns: TaskColumns,
): Promise<ReadonlyMap<string, TaskRow[]>> {
  return listTasksOfRuns(context.database.pool, toTaskViewer(context, viewer), runIds, columns);
}

/** The share of ended tasks of each run, from 0 to 1, as a map by run id. */
export async function readPipelineProgress(
  { database }: ReadContext,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const counts = await listPipelineProgress(database.pool, runIds);
  return new Map(counts.map(({ id, tasks, ended }) => [id, ended / tasks]));
}

/** The ids of all tasks of the run; null if the viewer may not see the run. */
export async function findTaskIdsOfRun(
  context: ReadContext,
  viewer: Viewer,
  runId: string,
): Promise<readonly string[] | null> {
  const id = toLookup(runId);
  const runs = await findPipelineRuns(context, viewer, [id]);
  return runs.has(id) ? listTaskIdsOfRun(context.database.pool, id) : null;
}

function byId<Row extends { readonly id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}
