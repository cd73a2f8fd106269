import type { TaskChange, TaskChangeKind } from '../../services/tasks/watch-tasks.js';
import { TaskStatusEnum } from '../base/enums.js';
import { loadTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { TaskType } from './task.js';

const TaskChangeKindEnum = builder.enumType('TaskChangeKind', {
  description: 'How a task has changed, seen from a filter.',
  values: {
    ENTERED: { description: 'It matches now and did not before; new tasks too.' },
    CHANGED: { description: 'It has changed and matches as before.' },
    LEFT: { description: 'It matched before and does not now, or this key may no longer see it.' },
  } satisfies Record<TaskChangeKind, object>,
});

/** The first item, before any change. */
export const WATCH_BEGUN = { kind: null, taskId: null, previousStatus: null } as const;

/** What `Subscription.tasks` delivers. */
export type WatchedChange = TaskChange | typeof WATCH_BEGUN;

export const TaskChangeType = builder.objectRef<WatchedChange>('TaskChange').implement({
  description:
    'A task that enters a filter, changes in it, or leaves it. The first item has no task: it says that the stream has begun.',
  fields: (t) => ({
    change: t.expose('kind', {
      type: TaskChangeKindEnum,
      nullable: true,
      description:
        'What has happened. Null in the first item: a list that is read after it misses no change.',
    }),
    taskId: t.exposeID('taskId', { nullable: true, description: 'The id of the task.' }),
    task: t.field({
      type: TaskType,
      nullable: true,
      description: 'The task as it is now. Null if this key may no longer see it.',
      resolve: ({ taskId }, _args, context, info) =>
        taskId === null ? null : loadTask(context, info, taskId),
    }),
    previousStatus: t.expose('previousStatus', {
      type: TaskStatusEnum,
      nullable: true,
      description:
        'The status that it had when this stream last delivered it or began. Null if it did not match then.',
    }),
  }),
});
