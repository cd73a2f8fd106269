import { listSchedulerJobs, type SchedulerJobState } from '../../services/ops/scheduler-jobs.js';
import { builder } from '../builder.js';

export const SchedulerJobType = builder.objectRef<SchedulerJobState>('SchedulerJob').implement({
  description: 'Work that the server does again and again by itself.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    paused: t.exposeBoolean('paused', { description: 'Whether it is paused, in every server process.' }),
    everyMs: t.exposeInt('everyMs', {
      description: 'The longest rest between two turns, in milliseconds; what happens wakes it earlier.',
    }),
    lastRunAt: t.expose('lastRunAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When its last recorded turn began. Turns that find nothing to do are recorded every 30 seconds.',
    }),
    lastDurationMs: t.exposeInt('lastDurationMs', {
      nullable: true,
      description: 'How long that turn took, in milliseconds.',
    }),
    lastHandled: t.exposeInt('lastHandled', {
      nullable: true,
      description: 'How many things it changed in that turn.',
    }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'What kind of fault ended that turn; the log says more. Null if it went well.',
    }),
    nextRunAt: t.expose('nextRunAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the process that answers runs it next, if nothing wakes it earlier. Null while it runs or is paused, and where the process runs no jobs.',
    }),
  }),
});

builder.queryFields((t) => ({
  schedulerJobs: t.field({
    type: [SchedulerJobType],
    description: 'The jobs of the scheduler.',
    resolve: (_root, _args, { services }) => listSchedulerJobs(services),
  }),
}));
