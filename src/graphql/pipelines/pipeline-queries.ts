import { openPipelines } from '../../services/pipelines/read-pipelines.js';
import { toLookup } from '../../services/refs.js';
import { connect, connectionArgs } from '../base/connection.js';
import { loadPipelineRun } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { PipelineConnection, PipelineRunType, PipelineType } from './pipeline.js';

builder.queryFields((t) => ({
  pipeline: t.prismaField({
    type: PipelineType,
    nullable: true,
    description: 'One pipeline by its name. Null if there is none.',
    args: { name: t.arg.string({ required: true, description: 'The name of the pipeline.' }) },
    resolve: (query, _root, { name }, { prisma }) =>
      prisma.pipeline.findFirst({ ...query, where: { name: toLookup(name), removedAt: null } }),
  }),
  pipelines: t.field({
    type: PipelineConnection,
    description: 'The pipelines, by name.',
    args: connectionArgs,
    resolve: (_root, page, { services }) => connect(page, openPipelines(services)),
  }),
  pipelineRun: t.field({
    type: PipelineRunType,
    nullable: true,
    description: 'One pipeline run. Null if there is none, or none that this key may see.',
    args: { id: t.arg.id({ required: true, description: 'The id of the run: plr_…' }) },
    resolve: (_root, { id }, context) => loadPipelineRun(context, id),
  }),
}));

builder.prismaObjectFields(TaskType, (t) => ({
  pipelineRun: t.field({
    type: PipelineRunType,
    nullable: true,
    description: 'The pipeline run that created it; null if none did.',
    resolve: (task, _args, context) =>
      task.pipelineRunId === null ? null : loadPipelineRun(context, task.pipelineRunId),
  }),
  pipelineStep: t.exposeString('pipelineStepKey', {
    nullable: true,
    description: 'The key of the pipeline step that it was created from.',
  }),
}));
