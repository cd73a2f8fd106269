import { allowedTransitions } from '../../domain/task-status.js';
import { DependencyFailurePolicyEnum, TaskFailureReasonEnum, TaskStatusEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { builder } from '../builder.js';
import { templateFields } from './task-fields.js';

export const TaskType = builder.prismaObject('Task', {
  description: 'One piece of work.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    ref: t.string({
      description: 'Human handle that never changes: TASK-42.',
      resolve: (task) => `TASK-${task.number}`,
    }),
    status: t.expose('status', { type: TaskStatusEnum, description: 'Where it stands.' }),
    dueAt: t.expose('dueAt', { type: 'DateTime', nullable: true, description: 'When it should be done.' }),
    startsAt: t.expose('startsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'It is not handed out before this.',
    }),
    version: t.exposeInt('version', {
      description: 'Rises by one with each change; show it as `expectedVersion`.',
    }),
    allowedTransitions: t.field({
      type: [TaskStatusEnum],
      description: 'The statuses it may go to from here.',
      resolve: (task) => [...allowedTransitions(task.status)],
    }),
    resolution: t.exposeString('resolution', { nullable: true, description: 'What the work came to.' }),
    failureReason: t.expose('failureReason', {
      type: TaskFailureReasonEnum,
      nullable: true,
      description: 'Why it FAILED.',
    }),
    failureDetail: t.exposeString('failureDetail', {
      nullable: true,
      description: 'The error, or the feedback of every rejection.',
    }),
    onDependencyFailure: t.expose('onDependencyFailure', {
      type: DependencyFailurePolicyEnum,
      description: 'What becomes of it when a task that it depends on ends without success.',
    }),
    dispatchAttempts: t.exposeInt('dispatchAttempts', {
      description: 'Failed attempts since the last success; five end it.',
    }),
    reviewCycles: t.exposeInt('reviewCycles', { description: 'Rejections so far; three end it.' }),
    staleRequeues: t.exposeInt('staleRequeues', {
      description: 'How often it was taken from a silent agent; the sixth time ends it.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its latest run began.',
    }),
    completedAt: t.expose('completedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
  }),
});
builder.objectFields(TaskType, templateFields);
