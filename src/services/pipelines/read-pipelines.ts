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

/** The pipelines, by name. Every key may see them: they are what can be started, and hold no work. */
export function openPipelines({ database }: ReadContext): ListReader<PipelineRow> {
  return openList(database.pool, PIPELINES);
}

/** The steps of several pipelines, by the pipeline's id. */
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

/** The names of the variables that the steps need. */
export function variablesOf(steps: readonly PipelineStepRow[]): string[] {
  return listPlaceholders(steps.flatMap(textsOf));
}

/** The runs of several pipelines, latest first; an agent sees those of which it sees a task. */
export function openRunsOfPipelines(context: ReadContext, viewer: Viewer): ChildListsReader<PipelineRunRow> {
  return openChildLists(context.database.pool, runsOfPipelines(toTaskViewer(context, viewer)));
}

/** The runs with these ids that the viewer may see, by id. */
export async function findPipelineRuns(
  context: ReadContext,
  viewer: Viewer,
  ids: readonly string[],
): Promise<ReadonlyMap<string, PipelineRunRow>> {
  return byId(await listPipelineRuns(context.database.pool, toTaskViewer(context, viewer), ids));
}

/** The tasks of several runs as far as the viewer may see them, by the run's id and then by number. */
export function findTasksOfRuns(
  context: ReadContext,
  viewer: Viewer,
  runIds: readonly string[],
  columns: TaskColumns,
): Promise<ReadonlyMap<string, TaskRow[]>> {
  return listTasksOfRuns(context.database.pool, toTaskViewer(context, viewer), runIds, columns);
}

/** Which share of its tasks has ended, by the run's id. */
export async function readPipelineProgress(
  { database }: ReadContext,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const counts = await listPipelineProgress(database.pool, runIds);
  return new Map(counts.map(({ id, tasks, ended }) => [id, ended / tasks]));
}

/** The run and the ids of all its tasks, if the viewer may see it. */
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
