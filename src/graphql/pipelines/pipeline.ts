import {
  findPipelineSteps,
  findTasksOfRuns,
  openRunsOfPipelines,
  type PipelineRow,
  type PipelineStepRow,
  readPipelineProgress,
  variablesOf,
} from '../../services/pipelines/read-pipelines.js';
import { connectChildren } from '../base/child-connection.js';
import { connectionArgs, defineConnection } from '../base/connection.js';
import { DependencyFailurePolicyEnum, PipelineRunStatusEnum } from '../base/enums.js';
import { toJsonObject } from '../base/json-object.js';
import { loadBatched } from '../base/loaders.js';
import { NodeInterface } from '../base/node.js';
import { taskColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { TaskTemplateType } from '../recurring/task-template.js';
import { TaskType } from '../tasks/task.js';

const PipelineStepType = builder.objectRef<PipelineStepRow>('PipelineStep').implement({
  description: 'One task of a pipeline.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'By what other steps of the pipeline name it.' }),
    dependsOn: t.exposeStringList('dependsOn', {
      description: 'The keys of the steps that must be DONE before it is handed out.',
    }),
    onDependencyFailure: t.expose('onDependencyFailure', {
      type: DependencyFailurePolicyEnum,
      description: 'What becomes of it when one of them ends without success.',
    }),
    template: t.field({
      type: TaskTemplateType,
      description: 'What its task is like, with the placeholders as they were written.',
      resolve: (step) => step,
    }),
  }),
});

export const PipelineType = builder.prismaObject('Pipeline', {
  description: 'A saved graph of tasks, which can be started again and again.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its unique name.' }),
    steps: t.field({
      type: [PipelineStepType],
      description: 'Its steps in the order given.',
      resolve: (pipeline, _args, context) => loadSteps(context, pipeline),
    }),
    variables: t.stringList({
      description: 'What a start must give: the names of all placeholders in its steps.',
      resolve: async (pipeline, _args, context) => variablesOf(await loadSteps(context, pipeline)),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When its steps last changed.' }),
    removedAt: t.expose('removedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was removed; null if it can be started.',
    }),
    version: t.exposeInt('version', { description: 'Rises by one with each change of its steps.' }),
  }),
});

export const PipelineRunType = builder.prismaObject('PipelineRun', {
  description: 'One start of a pipeline: the tasks that were created by it.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    pipeline: t.relation('pipeline', {
      description: 'What was started; its steps may have changed since, and it may have been removed.',
    }),
    pipelineVersion: t.exposeInt('pipelineVersion', {
      description: 'The version of the pipeline that was started.',
    }),
    status: t.expose('status', {
      type: PipelineRunStatusEnum,
      description: 'What its tasks come to.',
    }),
    variables: t.field({
      type: 'JSONObject',
      description: 'What was filled in for the placeholders.',
      resolve: (run) => toJsonObject(run.variables),
    }),
    tasks: t.field({
      type: [TaskType],
      description: 'Its tasks by number, each after those it depends on; as far as this key may see them.',
      resolve: async (run, _args, context, info) => {
        const columns = taskColumns(info);
        const load = (ids: readonly string[]) =>
          findTasksOfRuns(context.services, context.viewer, ids, columns);
        return (await loadBatched(context, `tasksOfRun:${columns}`, run.id, load)) ?? [];
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
      description: 'When it finished; null while it is RUNNING.',
    }),
  }),
});

export const PipelineConnection = defineConnection('Pipeline', PipelineType);
const PipelineRunConnection = defineConnection('PipelineRun', PipelineRunType);

builder.prismaObjectField(PipelineType, 'runs', (t) =>
  t.field({
    type: PipelineRunConnection,
    args: connectionArgs,
    description: 'How it was started, latest first. An agent’s key sees those of which it sees a task.',
    resolve: (pipeline, args, context) => {
      const lists = openRunsOfPipelines(context.services, context.viewer);
      return connectChildren(context, 'pipelineRuns', pipeline.id, args, lists);
    },
  }),
);

/** Read by SQL, because a step refers to its assignee by name: there is no foreign key, so Prisma has no relation. */
async function loadSteps(context: GraphqlContext, { id }: PipelineRow): Promise<PipelineStepRow[]> {
  const load = (ids: readonly string[]) => findPipelineSteps(context.services, ids);
  return (await loadBatched(context, 'pipelineSteps', id, load)) ?? [];
}
