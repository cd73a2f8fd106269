import type { TaskFilter, TaskOrder } from '../../domain/tasks/task-filter.js';
import {
  OrderDirectionEnum,
  TaskFailureReasonEnum,
  TaskOrderFieldEnum,
  TaskPriorityEnum,
  TaskStatusEnum,
  WaitingReasonEnum,
} from '../base/enums.js';
import { AgentRefInput } from '../base/refs.js';
import { builder } from '../builder.js';

export const TaskOrderInput = builder.inputRef<TaskOrder>('TaskOrder').implement({
  description: 'How to sort tasks.',
  fields: (t) => ({
    field: t.field({ type: TaskOrderFieldEnum, required: true, description: 'The sort key.' }),
    direction: t.field({
      type: OrderDirectionEnum,
      required: true,
      defaultValue: 'ASC',
      description: 'The sort direction.',
    }),
  }),
});

export const DateTimeRangeInput = builder.inputType('DateTimeRange', {
  description: 'A period of time. A missing end means no limit.',
  fields: (t) => ({
    gte: t.field({ type: 'DateTime', description: 'At or after this instant.' }),
    lt: t.field({ type: 'DateTime', description: 'Before this instant.' }),
  }),
});

export const TaskFilterInput = builder.inputRef<TaskFilter>('TaskFilter');

TaskFilterInput.implement({
  description: 'Selects tasks that match all given conditions. An empty list matches no task.',
  fields: (t) => ({
    ids: t.idList({ description: 'Is any of these tasks, by id: at most 100.' }),
    status: t.field({ type: [TaskStatusEnum], description: 'Has any of these statuses.' }),
    priority: t.field({ type: [TaskPriorityEnum], description: 'Has any of these priorities.' }),
    assignee: t.field({ type: [AgentRefInput], description: 'Is assigned to any of these agents.' }),
    unassigned: t.boolean({ description: 'true: has no assignee; false: has an assignee.' }),
    tags: t.stringList({ description: 'Has all of these tags.' }),
    requires: t.stringList({ description: 'Requires all of these capabilities.' }),
    pinned: t.boolean({ description: 'true: its assignee was named; false: all others.' }),
    waitingOn: t.field({ type: [WaitingReasonEnum], description: 'Waits for any of these reasons.' }),
    search: t.string({
      description:
        'Has each of these words, or parts of words, in its title, description, result, comments or review feedback (case-insensitive, in any order), or has this ref.',
    }),
    createdAt: t.field({ type: DateTimeRangeInput, description: 'Was created in this period.' }),
    dueAt: t.field({ type: DateTimeRangeInput, description: 'Is due in this period.' }),
    startedAt: t.field({ type: DateTimeRangeInput, description: 'Its latest attempt began in this period.' }),
    statusAt: t.field({
      type: DateTimeRangeInput,
      description: 'Has its status since an instant in this period.',
    }),
    completedAt: t.field({
      type: DateTimeRangeInput,
      description: 'Has ended in this period: became DONE, FAILED or CANCELLED.',
    }),
    overdue: t.boolean({ description: 'true: is past its due date and has not ended; false: all others.' }),
    failureReason: t.field({
      type: [TaskFailureReasonEnum],
      description: 'Has failed for any of these reasons.',
    }),
    model: t.stringList({ description: 'Its latest attempt has any of these models.' }),
    rejected: t.boolean({
      description:
        'true: a verdict has rejected its work since it was created or last retried (`reviewCycles` is above 0); false: all others.',
    }),
    recurringTaskId: t.id({
      description:
        'Was created by the recurring task with this id or, if there is none, this name. The tasks of a removed one are found by its id.',
    }),
    pipelineRunId: t.id({ description: 'Belongs to this pipeline run.' }),
    and: t.field({ type: [TaskFilterInput], description: 'Matches all of these filters too.' }),
    or: t.field({ type: [TaskFilterInput], description: 'Matches at least one of these filters.' }),
    not: t.field({ type: TaskFilterInput, description: 'Does not match this filter.' }),
  }),
});
