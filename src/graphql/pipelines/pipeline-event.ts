import { PIPELINE_RUN_STATUSES } from '../../domain/pipelines/pipeline-run.js';
import type { LogEntry } from '../../feed/hub.js';
import { PipelineRunStatusEnum } from '../base/enums.js';
import { loadPipelineRun, loadRow } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { eventInterfaces, payloadOf } from '../events/event.js';
import { PipelineRunType, PipelineType } from './pipeline.js';

builder.objectRef<LogEntry>('PipelineEvent').implement({
  description: 'A pipeline was saved, removed or started, or one of its runs finished or resumed.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    pipeline: t.field({
      type: PipelineType,
      nullable: true,
      description: 'The current pipeline; null for pipeline.finished and pipeline.resumed.',
      resolve: (event, _args, context) => {
        const { pipelineId } = payloadOf(event);
        return pipelineId === undefined ? null : loadRow(context, 'Pipeline', pipelineId);
      },
    }),
    pipelineRun: t.field({
      type: PipelineRunType,
      nullable: true,
      description: 'The current run, for pipeline.started, pipeline.finished and pipeline.resumed.',
      resolve: ({ pipelineRunId }, _args, context) =>
        pipelineRunId === null ? null : loadPipelineRun(context, pipelineRunId),
    }),
    fromRunStatus: t.field({
      type: PipelineRunStatusEnum,
      nullable: true,
      description: 'The previous status of the run, for pipeline.finished and pipeline.resumed.',
      resolve: (event) => runStatusIn(event, 'from'),
    }),
    toRunStatus: t.field({
      type: PipelineRunStatusEnum,
      nullable: true,
      description: 'The new status of the run, for pipeline.finished and pipeline.resumed.',
      resolve: (event) => runStatusIn(event, 'to'),
    }),
    from: t.field({
      type: PipelineRunStatusEnum,
      nullable: true,
      description: 'The same as fromRunStatus.',
      deprecationReason: 'Use fromRunStatus: TaskStatusChangedEvent has a `from` of another type.',
      resolve: (event) => runStatusIn(event, 'from'),
    }),
    to: t.field({
      type: PipelineRunStatusEnum,
      nullable: true,
      description: 'The same as toRunStatus.',
      deprecationReason: 'Use toRunStatus: TaskStatusChangedEvent has a `to` of another type.',
      resolve: (event) => runStatusIn(event, 'to'),
    }),
  }),
});

function runStatusIn(event: LogEntry, end: 'from' | 'to') {
  return PIPELINE_RUN_STATUSES.find((status) => status === payloadOf(event)[end]) ?? null;
}
