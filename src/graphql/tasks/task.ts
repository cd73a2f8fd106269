import { allowedTransitions } from '../../domain/tasks/task-status.js';
import { DependencyFailurePolicyEnum, TaskFailureReasonEnum, TaskStatusEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { builder } from '../builder.js';
import { templateFields } from './task-fields.js';

export const TaskType = builder.prismaObject('Task', {
  description: 'A unit of work for an agent.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    ref: t.string({
      description: 'A short name for people that never changes, such as TASK-42.',
      resolve: (task) => `TASK-${task.number}`,
    }),
    status: t.expose('status', { type: TaskStatusEnum, description: 'The current status.' }),
    pinned: t.exposeBoolean('pinned', {
      description:
        'Whether its assignee was named: by a person, its creator, a template or a pipeline step. If the task is released, fails an attempt or stalls, it returns to that agent; a task without a pin returns to the inbox.',
    }),
    dueAt: t.expose('dueAt', { type: 'DateTime', nullable: true, description: 'When the task is due.' }),
    startsAt: t.expose('startsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The task is not handed out before this time.',
    }),
    version: t.exposeInt('version', {
      description: 'Increases by one with each change; send it as `expectedVersion`.',
    }),
    allowedTransitions: t.field({
      type: [TaskStatusEnum],
      description: 'The statuses that it can change to from the current one.',
      resolve: (task) => [...allowedTransitions(task.status)],
    }),
    resolution: t.exposeString('resolution', { nullable: true, description: 'The result of the work.' }),
    failureReason: t.expose('failureReason', {
      type: TaskFailureReasonEnum,
      nullable: true,
      description: 'Why the task is FAILED.',
    }),
    failureDetail: t.exposeString('failureDetail', {
      nullable: true,
      description: 'The error, or the feedback of all rejections.',
    }),
    onDependencyFailure: t.expose('onDependencyFailure', {
      type: DependencyFailurePolicyEnum,
      description: 'What happens to the task when a dependency ends without success.',
    }),
    dispatchAttempts: t.exposeInt('dispatchAttempts', {
      description: 'Failed attempts since the last success; the fifth fails the task.',
    }),
    reviewCycles: t.exposeInt('reviewCycles', {
      description: 'Rejections so far; the third fails the task.',
    }),
    staleRequeues: t.exposeInt('staleRequeues', {
      description:
        'How often it was taken from an agent that had stopped responding; the sixth time fails the task.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    statusAt: t.expose('statusAt', { type: 'DateTime', description: 'When it got its current status.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its latest run began.',
    }),
    completedAt: t.expose('completedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
  }),
});
builder.objectFields(TaskType, templateFields);
