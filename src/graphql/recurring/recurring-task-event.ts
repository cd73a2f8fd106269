import type { LogEntry } from '../../feed/hub.js';
import { loadRecurringTask, loadTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { eventInterfaces, payloadOf } from '../events/event.js';
import { TaskType } from '../tasks/task.js';
import { RecurringTaskType } from './recurring-task.js';

builder.objectRef<LogEntry>('RecurringTaskEvent').implement({
  description:
    'A recurring task was created, updated, paused, resumed or removed, or it fired or skipped a due time.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    recurringTask: t.field({
      type: RecurringTaskType,
      nullable: true,
      description: 'The current recurring task. Null if it has been removed, and for keys of agents.',
      resolve: ({ recurringTaskId }, _args, context) =>
        recurringTaskId === null ? null : loadRecurringTask(context, recurringTaskId),
    }),
    task: t.field({
      type: TaskType,
      nullable: true,
      description:
        'For recurring.fired, the new task; for recurring.skipped, the task that is still open, if any.',
      resolve: ({ taskId }, _args, context, info) =>
        taskId === null ? null : loadTask(context, info, taskId),
    }),
    reason: t.string({
      nullable: true,
      description: 'Why no task was created, for recurring.skipped.',
      resolve: (event) => payloadOf(event).reason ?? null,
    }),
    changedFields: t.stringList({
      description: 'The fields that changed, for recurring.updated; otherwise empty.',
      resolve: (event) => [...(payloadOf(event).changedFields ?? [])],
    }),
    message: t.string({
      nullable: true,
      description: 'What happened, for people, for recurring.removed.',
      resolve: (event) => payloadOf(event).message ?? null,
    }),
  }),
});
