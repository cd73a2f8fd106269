import {
  findPipelineSteps,
  findTasksOfRuns,
  openRunsOfPipelines,
  type PipelineRow,
  type PipelineStepRow,
  readPipelineProgress,
  variablesOf,
} from '../../services/pipelines/read-pipelines.js';
import type { TaskColumns } from '../../services/tasks/read-tasks.js';
import { connectChildren } from '../base/child-connection.js';
import { LONG_LISTS } from '../base/complexity.js';
import { connectionArgs, defineConnection } from '../base/connection.js';
import { DependencyFailurePolicyEnum, PipelineRunStatusEnum } from '../base/enums.js';
import { toJsonObject } from '../base/json-object.js';
import { loadBatched } from '../base/loaders.js';
import { NodeInterface } from '../base/node.js';
import { loadTaskList } from '../base/row-loads.js';
import { taskColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { TaskTemplateType } from '../recurring/task-template.js';
import { TaskType } from '../tasks/task.js';

const PipelineStepType = builder.objectRef<PipelineStepRow>('PipelineStep').implement({
  description: 'One task of a pipeline.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its name for other steps of the pipeline.' }),
    dependsOn: t.exposeStringList('dependsOn', {
      description: 'The keys of the steps that must be DONE before this one is handed out.',
    }),
    onDependencyFailure: t.expose('onDependencyFailure', {
      type: DependencyFailurePolicyEnum,
      description: 'What happens to its task when a dependency ends without success.',
    }),
    template: t.field({
      type: TaskTemplateType,
      description: 'The template of its task, with the placeholders unreplaced.',
      resolve: (step) => step,
    }),
  }),
});

export const PipelineType = builder.prismaObject('Pipeline', {
  description: 'A saved graph of tasks that can be started repeatedly.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its unique name.' }),
    steps: t.field({
      type: [PipelineStepType],
      complexity: LONG_LISTS.pipeline,
      description: 'Its steps in the given order.',
      resolve: (pipeline, _args, context) => loadSteps(context, pipeline),
    }),
    variables: t.stringList({
      description: 'The names of all placeholders in its steps. A start must give a value for each.',
      resolve: async (pipeline, _args, context) => variablesOf(await loadSteps(context, pipeline)),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When its steps last changed.' }),
    removedAt: t.expose('removedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was removed; null if it has not been removed.',
    }),
    version: t.exposeInt('version', {
      description: 'Increases by one with each change of its steps; send it as `expectedVersion`.',
    }),
  }),
});

export const PipelineRunType = builder.prismaObject('PipelineRun', {
  description: 'One execution of a pipeline, with the tasks that were created by its start.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    pipeline: t.relation('pipeline', {
      description: 'The pipeline. Its steps may have changed since the start, or it may have been removed.',
    }),
    pipelineVersion: t.exposeInt('pipelineVersion', {
      description: 'The version of the pipeline that was started.',
    }),
    status: t.expose('status', {
      type: PipelineRunStatusEnum,
      description: 'The combined state of its tasks.',
    }),
    variables: t.field({
      type: 'JSONObject',
      description: 'The values of the placeholders.',
      resolve: (run) => toJsonObject(run.variables),
    }),
    tasks: t.field({
      type: [TaskType],
      complexity: LONG_LISTS.pipeline,
      description: 'The tasks that this key may see, by number. Each comes after its dependencies.',
      resolve: (run, _args, context, info) => {
        const find = (ids: readonly string[], columns: TaskColumns) =>
          findTasksOfRuns(context.services, context.viewer, ids, columns);
        return loadTaskList(context, 'tasksOfRun', run.id, taskColumns(info), find);
      },
    }),
    progress: t.float({
      description: 'The share of its tasks that have ended, from 0 to 1.',
      resolve: async (run, _args, context) => {
        const load = (ids: readonly string[]) => readPipelineProgress(context.services, ids);
        return (await loadBatched(context, 'pipelineProgress', run.id, load)) ?? 0;
      },
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When its tasks were created.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the run finished; null while it is RUNNING.',
    }),
  }),
});

export const PipelineConnection = defineConnection('Pipeline', PipelineType);
const PipelineRunConnection = defineConnection('PipelineRun', PipelineRunType);

builder.prismaObjectField(PipelineType, 'runs', (t) =>
  t.field({
    type: PipelineRunConnection,
    args: connectionArgs,
    description: 'Its runs, latest first. A key of an agent sees the runs that have a task it may see.',
    resolve: (pipeline, args, context) => {
      const lists = openRunsOfPipelines(context.services, context.viewer);
      return connectChildren(context, 'pipelineRuns', pipeline.id, args, lists);
    },
  }),
);

/** Uses SQL, because a step refers to its assignee by name without a foreign key, so Prisma has no relation. */
async function loadSteps(context: GraphqlContext, { id }: PipelineRow): Promise<PipelineStepRow[]> {
  const load = (ids: readonly string[]) => findPipelineSteps(context.services, ids);
  return (await loadBatched(context, 'pipelineSteps', id, load)) ?? [];
}
