import { describeSchedule } from '../../domain/schedule/schedule.js';
import { listNextRuns } from '../../services/recurring/read-recurring-tasks.js';
import { orBadInput } from '../base/connection.js';
import { CatchUpPolicyEnum, OverlapPolicyEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { loadTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { TaskTemplateType } from './task-template.js';

const NEXT_RUNS = 3;

/** What one time of a schedule may cost in fields of an answer: it is calculated. */
export const RUN_COST = 20;

export const RecurringTaskType = builder.prismaObject('RecurringTask', {
  description: 'A template and a schedule: makes a task like the template whenever the schedule is due.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its unique name.' }),
    schedule: t.exposeString('schedule', { description: 'When it is due, as the user wrote it.' }),
    cron: t.exposeString('cron', { description: 'The same as a cron expression of five fields.' }),
    scheduleText: t.string({
      description: 'The same in plain English.',
      resolve: ({ cron }) => describeSchedule(cron),
    }),
    timeZone: t.field({
      type: 'TimeZone',
      description: 'By whose clocks it is due, daylight saving included.',
      resolve: ({ timeZone }) => timeZone,
    }),
    catchUp: t.expose('catchUp', {
      type: CatchUpPolicyEnum,
      description: 'What becomes of due times that pass while no server is running.',
    }),
    overlap: t.expose('overlap', {
      type: OverlapPolicyEnum,
      description: 'What happens at a due time while an earlier task is still open.',
    }),
    paused: t.boolean({
      description: 'Whether it makes no tasks by itself.',
      resolve: ({ pausedAt }) => pausedAt !== null,
    }),
    template: t.field({
      type: TaskTemplateType,
      description: 'What its tasks are like.',
      resolve: (row) => row,
    }),
    nextRuns: t.field({
      type: ['DateTime'],
      description: 'When it is due next; none while it is paused.',
      args: { count: t.arg.int({ defaultValue: NEXT_RUNS, description: 'How many, at most 50.' }) },
      complexity: ({ count }) => ({ field: RUN_COST * Math.max(1, count ?? NEXT_RUNS) }),
      resolve: (row, { count }) => orBadInput(() => listNextRuns(row, count ?? NEXT_RUNS)),
    }),
    lastFiredAt: t.expose('lastFiredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last made a task.',
    }),
    fireCount: t.exposeInt('fireCount', { description: 'How many tasks it has made.' }),
    lastSkippedAt: t.expose('lastSkippedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last due and made no task.',
    }),
    lastSkipReason: t.exposeString('lastSkipReason', {
      nullable: true,
      description: 'Why it made none then.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last edited or paused.' }),
    version: t.exposeInt('version', {
      description: 'Rises by one with each edit; show it as `expectedVersion`.',
    }),
  }),
});

export const FiringType = builder.prismaObject('RecurringFiring', {
  description: 'What became of one due time of a recurring task.',
  fields: (t) => ({
    dueAt: t.expose('dueAt', { type: 'DateTime', description: 'When it was due.' }),
    firedAt: t.expose('firedAt', { type: 'DateTime', description: 'When that was dealt with.' }),
    byHand: t.exposeBoolean('byHand', {
      description: 'Whether somebody fired it, rather than the schedule.',
    }),
    task: t.field({
      type: TaskType,
      nullable: true,
      description: 'The task that was made, if any.',
      resolve: ({ taskId }, _args, context, info) =>
        taskId === null ? null : loadTask(context, info, taskId),
    }),
    skippedReason: t.exposeString('skippedReason', {
      nullable: true,
      description: 'Why no task was made, where none was.',
    }),
  }),
});
