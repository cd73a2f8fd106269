import { listSchedulerJobs, type SchedulerJobState } from '../../services/ops/scheduler-jobs.js';
import { builder } from '../builder.js';

export const SchedulerJobType = builder.objectRef<SchedulerJobState>('SchedulerJob').implement({
  description: 'A periodic job of the server.',
  fields: (t) => ({
    id: t.id({ description: 'The name. Caches of clients need it.', resolve: ({ name }) => name }),
    name: t.exposeString('name', { description: 'Its name.' }),
    paused: t.exposeBoolean('paused', {
      description: 'Whether it is paused, which applies to all server processes.',
    }),
    everyMs: t.exposeInt('everyMs', {
      description: 'The maximum interval between two runs, in milliseconds. Events can start it earlier.',
    }),
    lastRunAt: t.expose('lastRunAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When its last recorded run began. Runs that find nothing to do are recorded only every 30 seconds.',
    }),
    lastDurationMs: t.exposeInt('lastDurationMs', {
      nullable: true,
      description: 'The duration of that run, in milliseconds.',
    }),
    lastHandled: t.exposeInt('lastHandled', {
      nullable: true,
      description: 'The number of objects that were changed by that run.',
    }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'The kind of error that ended that run. The server log has details. Null if it succeeded.',
    }),
    nextRunAt: t.expose('nextRunAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the answering process runs it next unless an event starts it earlier. Null while it runs or is paused, and if the process runs no jobs.',
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
