import {
  pauseSchedulerJob,
  resumeSchedulerJob,
  runSchedulerJob,
  type SchedulerJobState,
} from '../../services/ops/scheduler-jobs.js';
import { answer, payloadType } from '../base/payloads.js';
import { builder } from '../builder.js';
import { SchedulerJobType } from './scheduler-job.js';

/** `handled` stands beside a run only. */
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
    description: 'The job as it is now; null if the mutation was refused.',
    resolve: ({ result }) => result?.job,
  }),
  handled: t.int({
    nullable: true,
    description: 'How many things this turn changed; null if it was not the answer of runSchedulerJob.',
    resolve: ({ result }) => result?.handled,
  }),
}));

const jobName = 'The name of the job: requeueStaleTasks.';

builder.mutationFields((t) => ({
  runSchedulerJob: t.field({
    type: SchedulerJobPayload,
    authScopes: { operator: true },
    description: 'Runs one turn of a job now, in the process that answers; also of a job that is paused.',
    args: { name: t.arg.string({ required: true, description: jobName }) },
    resolve: (_root, { name }, { services }) => answer<JobAnswer>(runSchedulerJob(services, name)),
  }),
  pauseSchedulerJob: t.field({
    type: SchedulerJobPayload,
    authScopes: { operator: true },
    description: 'Keeps a job from running, in every process, until it is resumed.',
    args: { name: t.arg.string({ required: true, description: jobName }) },
    resolve: (_root, { name }, { services, viewer }) =>
      answer(pauseSchedulerJob(services, viewer, name).then(withoutCount)),
  }),
  resumeSchedulerJob: t.field({
    type: SchedulerJobPayload,
    authScopes: { operator: true },
    description: 'Lets a paused job run again, at once.',
    args: { name: t.arg.string({ required: true, description: jobName }) },
    resolve: (_root, { name }, { services, viewer }) =>
      answer(resumeSchedulerJob(services, viewer, name).then(withoutCount)),
  }),
}));

function withoutCount(job: SchedulerJobState): JobAnswer {
  return { job, handled: null };
}
