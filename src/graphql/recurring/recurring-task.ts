import { describeSchedule } from '../../domain/schedule/schedule.js';
import { listNextRuns } from '../../services/recurring/read-recurring-tasks.js';
import { orBadInput } from '../base/connection.js';
import { CatchUpPolicyEnum, OverlapPolicyEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { checkDuration } from '../base/operation-budget.js';
import { loadTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { TaskTemplateType } from './task-template.js';

const NEXT_RUNS = 3;

/** The complexity of one due time, which is calculated from the schedule, compared with 1 for a plain field. */
export const RUN_COST = 20;

export const RecurringTaskType = builder.prismaObject('RecurringTask', {
  description: 'A schedule with a task template: each due time creates a task from the template.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its unique name.' }),
    schedule: t.exposeString('schedule', { description: 'The schedule as the user wrote it.' }),
    cron: t.exposeString('cron', { description: 'The schedule as a cron expression of five fields.' }),
    scheduleText: t.string({
      description: 'The schedule in plain English.',
      resolve: ({ cron }) => describeSchedule(cron),
    }),
    timeZone: t.field({
      type: 'TimeZone',
      description: 'The time zone of the schedule, including daylight saving time.',
      resolve: ({ timeZone }) => timeZone,
    }),
    catchUp: t.expose('catchUp', {
      type: CatchUpPolicyEnum,
      description: 'What happens to due times that pass while no server is running.',
    }),
    overlap: t.expose('overlap', {
      type: OverlapPolicyEnum,
      description: 'What happens at a due time while an earlier task is still open.',
    }),
    paused: t.boolean({
      description: 'Whether the schedule is paused.',
      resolve: ({ pausedAt }) => pausedAt !== null,
    }),
    template: t.field({
      type: TaskTemplateType,
      description: 'The template of its tasks.',
      resolve: (row) => row,
    }),
    nextRuns: t.field({
      type: ['DateTime'],
      description: 'The next due times; empty while it is paused.',
      args: {
        count: t.arg.int({ defaultValue: NEXT_RUNS, description: 'The number of due times, at most 50.' }),
      },
      complexity: ({ count }) => ({ field: RUN_COST * Math.max(1, count ?? NEXT_RUNS) }),
      resolve: (row, { count }, context, info) => {
        checkDuration(context, info);
        return orBadInput(() => listNextRuns(row, count ?? NEXT_RUNS));
      },
    }),
    lastFiredAt: t.expose('lastFiredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last created a task.',
    }),
    fireCount: t.exposeInt('fireCount', { description: 'Number of tasks that it created.' }),
    lastSkippedAt: t.expose('lastSkippedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last skipped a due time.',
    }),
    lastSkipReason: t.exposeString('lastSkipReason', {
      nullable: true,
      description: 'Why it last skipped a due time.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it was last changed, paused or resumed.',
    }),
    version: t.exposeInt('version', {
      description: 'Increases by one with each edit; send it as `expectedVersion`.',
    }),
  }),
});

export const FiringType = builder.prismaObject('RecurringFiring', {
  description: 'The outcome of one due time of a recurring task.',
  fields: (t) => ({
    id: t.id({
      description: 'Opaque. Caches of clients need it.',
      resolve: ({ recurringTaskId, dueAt }) => `${recurringTaskId}:${dueAt.getTime()}`,
    }),
    dueAt: t.expose('dueAt', { type: 'DateTime', description: 'The due time.' }),
    firedAt: t.expose('firedAt', { type: 'DateTime', description: 'When the due time was processed.' }),
    byHand: t.exposeBoolean('byHand', {
      description: 'Whether it was fired by fireRecurringTask instead of the schedule.',
    }),
    task: t.field({
      type: TaskType,
      nullable: true,
      description: 'The created task, if any.',
      resolve: ({ taskId }, _args, context, info) =>
        taskId === null ? null : loadTask(context, info, taskId),
    }),
    skippedReason: t.exposeString('skippedReason', {
      nullable: true,
      description: 'Why no task was created; null if one was.',
    }),
  }),
});
