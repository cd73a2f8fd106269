import { InvalidList } from '../../domain/page.js';
import { BadSchedule } from '../../domain/schedule/bad-schedule.js';
import {
  openFirings,
  openRecurringTasks,
  openTasksOfRecurringTasks,
  previewSchedule,
  resolveRecurringTaskId,
} from '../../services/recurring/read-recurring-tasks.js';
import { connectChildren } from '../base/child-connection.js';
import { connect, connectionArgs, refuseInvalidList } from '../base/connection.js';
import { FiringConnection, RecurringTaskConnection, TaskConnection } from '../base/connections.js';
import { checkDuration } from '../base/operation-budget.js';
import { refuseInQuery } from '../base/payloads.js';
import { loadRecurringTask } from '../base/row-loads.js';
import { listedTaskColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { RecurringTaskType, RUN_COST } from './recurring-task.js';

interface Preview {
  readonly message: string | null;
  readonly cron: string | null;
  readonly text: string | null;
  readonly nextRuns: readonly Date[];
}

const SchedulePreviewType = builder.objectRef<Preview>('SchedulePreview').implement({
  description: 'The interpretation of a schedule.',
  fields: (t) => ({
    valid: t.boolean({
      description: 'Whether the schedule is understood and has at least one due time.',
      resolve: ({ message }) => message === null,
    }),
    message: t.exposeString('message', {
      nullable: true,
      description:
        'What is wrong with the schedule, which part was understood, and examples; null if it is valid.',
    }),
    cron: t.exposeString('cron', {
      nullable: true,
      description: 'The schedule as a cron expression of five fields.',
    }),
    text: t.exposeString('text', { nullable: true, description: 'The schedule in plain English.' }),
    nextRuns: t.field({
      type: ['DateTime'],
      description: 'The next due times.',
      resolve: ({ nextRuns }) => [...nextRuns],
    }),
  }),
});

const PREVIEWED_RUNS = 5;

builder.queryFields((t) => ({
  recurringTask: t.prismaField({
    type: RecurringTaskType,
    nullable: true,
    authScopes: { reader: true },
    description: 'One recurring task. Null if there is none. Not available to keys of agents.',
    args: { id: t.arg.id({ required: true, description: 'The id (rec_…) or the name.' }) },
    resolve: async (query, _root, { id: idOrName }, { prisma, services }) => {
      const id = await resolveRecurringTaskId(services, idOrName);
      return id === null ? null : prisma.recurringTask.findUnique({ ...query, where: { id } });
    },
  }),
  recurringTasks: t.field({
    type: RecurringTaskConnection,
    authScopes: { reader: true },
    description: 'The recurring tasks, by name. Not available to keys of agents.',
    args: connectionArgs,
    resolve: (_root, page, { services }) => connect(page, openRecurringTasks(services)),
  }),
  previewSchedule: t.field({
    type: SchedulePreviewType,
    description: 'The meaning and the next due times of a schedule. Stores nothing.',
    args: {
      schedule: t.arg.string({
        required: true,
        description: 'A cron expression of five fields, or English.',
      }),
      timeZone: t.arg({
        type: 'TimeZone',
        defaultValue: 'UTC',
        description: 'The time zone of the schedule.',
      }),
      count: t.arg.int({
        defaultValue: PREVIEWED_RUNS,
        description: 'The number of due times to return, at most 50.',
      }),
      from: t.arg({
        type: 'DateTime',
        description: 'Return due times after this instant; now if unset.',
      }),
    },
    // Any key may call this, and for a leap day the search goes through many years.
    complexity: ({ count }) => ({ field: 10 * RUN_COST * Math.max(1, count ?? PREVIEWED_RUNS) }),
    resolve: async (_root, { schedule, timeZone, count, from }, context, info): Promise<Preview> => {
      checkDuration(context, info);
      const request = {
        schedule,
        timeZone: timeZone ?? 'UTC',
        count: count ?? PREVIEWED_RUNS,
        from: from ?? null,
      };
      try {
        return { message: null, ...(await previewSchedule(context.services, request)) };
      } catch (error) {
        if (error instanceof BadSchedule)
          return { message: error.message, cron: null, text: null, nextRuns: [] };
        return error instanceof InvalidList ? refuseInvalidList(error) : refuseInQuery(error);
      }
    },
  }),
}));

builder.prismaObjectFields(RecurringTaskType, (t) => ({
  tasks: t.field({
    type: TaskConnection,
    args: connectionArgs,
    description: 'The tasks that it created, newest first.',
    resolve: (row, args, context, info) => {
      const columns = listedTaskColumns(info);
      const lists = openTasksOfRecurringTasks(context.services, context.viewer, columns);
      return connectChildren(context, `recurringTasks:${JSON.stringify(columns)}`, row.id, args, lists);
    },
  }),
  history: t.field({
    type: FiringConnection,
    args: connectionArgs,
    description:
      'The outcome of each due time, latest first, including those that passed while no server ran. After a long outage ' +
      'the latest 100 have entries of their own, and one more entry stands for all before them.',
    resolve: (row, args, context) =>
      connectChildren(context, 'firings', row.id, args, openFirings(context.services)),
  }),
}));

builder.prismaObjectField(TaskType, 'recurringTask', (t) =>
  t.field({
    type: RecurringTaskType,
    nullable: true,
    description:
      'The recurring task that created it. Null if none did, if it has been removed, and for keys of agents.',
    resolve: (task, _args, context) =>
      task.recurringTaskId === null ? null : loadRecurringTask(context, task.recurringTaskId),
  }),
);
