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
    description: 'The pipeline as it is now; null if the mutation was refused.',
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
    description: 'The run as it is now; null if the mutation was refused.',
    resolve: ({ result }, _args, context) => (result === null ? null : loadPipelineRun(context, result.id)),
  }),
}));

const PipelineStepInput = builder.inputType('PipelineStepInput', {
  description: 'One task of a pipeline.',
  fields: (t) => ({
    key: t.string({
      required: true,
      description:
        'By what other steps name it: up to 63 letters, digits, dots, dashes or underscores, unique in the pipeline.',
    }),
    dependsOn: t.stringList({
      description: 'The keys of the steps that must be DONE before its task is handed out, at most 100.',
    }),
    onDependencyFailure: t.field({
      type: DependencyFailurePolicyEnum,
      defaultValue: 'BLOCK',
      description: 'What becomes of it when one of them ends without success.',
    }),
    template: t.field({
      type: TaskTemplateInput,
      required: true,
      description:
        'What its task is like. `{{name}}` in title, description and tags is filled in at each start; dueIn counts from the start.',
    }),
  }),
});

const STEPS = 'The steps, 1 to 1,000, in any order.';

const CreatePipelineInput = builder.inputType('CreatePipelineInput', {
  description: 'A graph of tasks to be saved.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Its unique name: up to 63 letters, digits, dots, dashes or underscores.',
    }),
    steps: t.field({ type: [PipelineStepInput], required: true, description: STEPS }),
  }),
});

const UpdatePipelineInput = builder.inputType('UpdatePipelineInput', {
  description: 'Other steps for a pipeline.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name of the pipeline.' }),
    steps: t.field({ type: [PipelineStepInput], required: true, description: STEPS }),
    expectedVersion: t.int({ description: 'Refuse if the stored version is another one.' }),
  }),
});

const StartPipelineInput = builder.inputType('StartPipelineInput', {
  description: 'A pipeline to start, and what to fill in.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name of the pipeline.' }),
    variables: t.field({
      type: 'JSONObject',
      description:
        'A text, a number, true or false for each placeholder of the pipeline; no others. Pipeline.variables lists them.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

builder.mutationFields((t) => ({
  createPipeline: t.field({
    type: PipelinePayload,
    authScopes: { operator: true },
    description: 'Saves a graph of tasks under a name. Creates no task.',
    args: { input: t.arg({ type: CreatePipelineInput, required: true, description: 'The pipeline.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(createPipeline(services, viewer, input)),
  }),
  updatePipeline: t.field({
    type: PipelinePayload,
    authScopes: { operator: true },
    description: 'Replaces the steps of a pipeline. Runs that were started keep the tasks they have.',
    args: { input: t.arg({ type: UpdatePipelineInput, required: true, description: 'The new steps.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(updatePipeline(services, viewer, input)),
  }),
  removePipeline: t.field({
    type: DeletePayload,
    authScopes: { operator: true },
    description: 'Removes a pipeline, whose name is free then. Its runs go on, and still show it.',
    args: { name: t.arg.string({ required: true, description: 'Its name.' }) },
    resolve: (_root, { name }, { services, viewer }) => answer(removePipeline(services, viewer, name)),
  }),
  startPipeline: t.field({
    type: PipelineRunPayload,
    authScopes: { agent: true },
    description:
      'Creates all tasks of a pipeline, all or none, with the variables filled in. Those without dependencies can be handed out at once.',
    args: { input: t.arg({ type: StartPipelineInput, required: true, description: 'What to start.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(startPipeline(services, viewer, input)),
  }),
  cancelPipelineRun: t.field({
    type: PipelineRunPayload,
    authScopes: { operator: true },
    description:
      'Cancels all tasks of a run that have not ended; whoever works on one loses the lease. A run that is CANCELLED already changes nothing.',
    args: { id: t.arg.id({ required: true, description: 'The run.' }) },
    resolve: (_root, { id }, { services, viewer }) => answer(cancelPipelineRun(services, viewer, id)),
  }),
}));
