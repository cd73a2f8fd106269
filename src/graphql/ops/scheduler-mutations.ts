import {
  pauseSchedulerJob,
  resumeSchedulerJob,
  runSchedulerJob,
  type SchedulerJobState,
} from '../../services/ops/scheduler-jobs.js';
import { answer, payloadType } from '../base/payloads.js';
import { builder } from '../builder.js';
import { SchedulerJobType } from './scheduler-job.js';

/** `handled` is null except for runSchedulerJob. */
interface JobAnswer {
  readonly job: SchedulerJobState;
  readonly handled: number | null;
}

const SchedulerJobPayload = payloadType<JobAnswer>(
  'SchedulerJobPayload',
  'The answer of a mutation of one scheduler job.',
);
builder.objectFields(SchedulerJobPayload, (t) => ({
  job: t.field({
    type: SchedulerJobType,
    nullable: true,
    description: 'The current job; null if the mutation was refused.',
    resolve: ({ result }) => result?.job,
  }),
  handled: t.int({
    nullable: true,
    description: 'The number of objects that this run changed; null except for runSchedulerJob.',
    resolve: ({ result }) => result?.handled,
  }),
}));

const jobName = 'The name of the job, such as requeueStaleTasks.';

builder.mutationFields((t) => ({
  runSchedulerJob: t.field({
    type: SchedulerJobPayload,
    authScopes: { operator: true },
    description: 'Runs a job once now in the answering process, even if the job is paused.',
    args: { name: t.arg.string({ required: true, description: jobName }) },
    resolve: (_root, { name }, { services }) => answer<JobAnswer>(runSchedulerJob(services, name)),
  }),
  pauseSchedulerJob: t.field({
    type: SchedulerJobPayload,
    authScopes: { operator: true },
    description: 'Pauses a job in all processes until it is resumed.',
    args: { name: t.arg.string({ required: true, description: jobName }) },
    resolve: (_root, { name }, { services, viewer }) =>
      answer(pauseSchedulerJob(services, viewer, name).then(withoutCount)),
  }),
  resumeSchedulerJob: t.field({
    type: SchedulerJobPayload,
    authScopes: { operator: true },
    description: 'Resumes a paused job; it runs at once.',
    args: { name: t.arg.string({ required: true, description: jobName }) },
    resolve: (_root, { name }, { services, viewer }) =>
      answer(resumeSchedulerJob(services, viewer, name).then(withoutCount)),
  }),
}));

function withoutCount(job: SchedulerJobState): JobAnswer {
  return { job, handled: null };
}
