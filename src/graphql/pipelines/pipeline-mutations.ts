import type { Pipeline } from '../../generated/prisma/client.js';
import { cancelPipelineRun } from '../../services/pipelines/cancel-pipeline-run.js';
import { createPipeline, removePipeline, updatePipeline } from '../../services/pipelines/save-pipeline.js';
import { startPipeline } from '../../services/pipelines/start-pipeline.js';
import { DependencyFailurePolicyEnum } from '../base/enums.js';
import { answer, DeletePayload, payloadType } from '../base/payloads.js';
import { loadPipelineRun } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { TaskTemplateInput } from '../recurring/task-template.js';
import { IDEMPOTENCY_KEY } from '../tasks/task-inputs.js';
import { PipelineRunType, PipelineType } from './pipeline.js';

const PipelinePayload = payloadType<Pipeline>('PipelinePayload', 'The answer of a mutation of a pipeline.');
builder.objectFields(PipelinePayload, (t) => ({
  pipeline: t.field({
    type: PipelineType,
    nullable: true,
    description: 'The current pipeline; null if the mutation was refused.',
    resolve: ({ result }) => result,
  }),
}));

const PipelineRunPayload = payloadType<{ readonly id: string }>(
  'PipelineRunPayload',
  'The answer of a mutation of a pipeline run.',
);
builder.objectFields(PipelineRunPayload, (t) => ({
  pipelineRun: t.field({
    type: PipelineRunType,
    nullable: true,
    description: 'The current run; null if the mutation was refused.',
    resolve: ({ result }, _args, context) => (result === null ? null : loadPipelineRun(context, result.id)),
  }),
}));

const PipelineStepInput = builder.inputType('PipelineStepInput', {
  description: 'One task of a pipeline.',
  fields: (t) => ({
    key: t.string({
      required: true,
      description:
        'Its name for other steps, unique in the pipeline: up to 63 letters, digits, dots, dashes or underscores.',
    }),
    dependsOn: t.stringList({
      description: 'The keys of the steps that must be DONE before this one is handed out, at most 100.',
    }),
    onDependencyFailure: t.field({
      type: DependencyFailurePolicyEnum,
      defaultValue: 'BLOCK',
      description: 'What happens to its task when a dependency ends without success.',
    }),
    template: t.field({
      type: TaskTemplateInput,
      required: true,
      description:
        'The template of its task. A placeholder in title, description and tags is a variable name in double braces; each start replaces it. dueIn counts from the start.',
    }),
  }),
});

const STEPS = 'The steps, 1 to 1,000, in any order.';

const CreatePipelineInput = builder.inputType('CreatePipelineInput', {
  description: 'A pipeline to create: a saved graph of tasks.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Its unique name: up to 63 letters, digits, dots, dashes or underscores.',
    }),
    steps: t.field({ type: [PipelineStepInput], required: true, description: STEPS }),
  }),
});

const UpdatePipelineInput = builder.inputType('UpdatePipelineInput', {
  description: 'New steps for a pipeline.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name of the pipeline.' }),
    steps: t.field({ type: [PipelineStepInput], required: true, description: STEPS }),
    expectedVersion: t.int({ description: 'Refuse if the stored version differs.' }),
  }),
});

const StartPipelineInput = builder.inputType('StartPipelineInput', {
  description: 'A pipeline to start, with the values of its variables.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name of the pipeline.' }),
    variables: t.field({
      type: 'JSONObject',
      description:
        'A string, number or boolean for each placeholder of the pipeline, and no others. Pipeline.variables lists the names. With them, the titles, descriptions and tags of all tasks have at most 2,000,000 characters together.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

builder.mutationFields((t) => ({
  createPipeline: t.field({
    type: PipelinePayload,
    authScopes: { operator: true },
    description: 'Saves a graph of tasks under a name. Creates no tasks.',
    args: { input: t.arg({ type: CreatePipelineInput, required: true, description: 'The pipeline.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(createPipeline(services, viewer, input)),
  }),
  updatePipeline: t.field({
    type: PipelinePayload,
    authScopes: { operator: true },
    description: 'Replaces the steps of a pipeline. Runs that have already started keep their tasks.',
    args: { input: t.arg({ type: UpdatePipelineInput, required: true, description: 'The new steps.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(updatePipeline(services, viewer, input)),
  }),
  removePipeline: t.field({
    type: DeletePayload,
    authScopes: { operator: true },
    description: 'Removes a pipeline and frees its name. Its runs continue and still refer to it.',
    args: { name: t.arg.string({ required: true, description: 'The name of the pipeline.' }) },
    resolve: (_root, { name }, { services, viewer }) => answer(removePipeline(services, viewer, name)),
  }),
  startPipeline: t.field({
    type: PipelineRunPayload,
    authScopes: { agent: true },
    description:
      'Creates all tasks of a pipeline, all or none, with the placeholders replaced. Tasks without dependencies can be handed out at once.',
    args: { input: t.arg({ type: StartPipelineInput, required: true, description: 'What to start.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(startPipeline(services, viewer, input)),
  }),
  cancelPipelineRun: t.field({
    type: PipelineRunPayload,
    authScopes: { operator: true },
    description:
      'Cancels all tasks of a run that have not ended. Agents that work on them lose their leases. A run that is already CANCELLED does not change.',
    args: { id: t.arg.id({ required: true, description: 'The run.' }) },
    resolve: (_root, { id }, { services, viewer }) => answer(cancelPipelineRun(services, viewer, id)),
  }),
}));
