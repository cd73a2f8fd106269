import type { TaskFilter, TaskOrder } from '../../domain/tasks/task-filter.js';
import { OrderDirectionEnum, TaskOrderFieldEnum, TaskPriorityEnum, TaskStatusEnum } from '../base/enums.js';
import { AgentRefInput } from '../base/refs.js';
import { builder } from '../builder.js';

export const TaskOrderInput = builder.inputRef<TaskOrder>('TaskOrder').implement({
  description: 'How to sort tasks.',
  fields: (t) => ({
    field: t.field({ type: TaskOrderFieldEnum, required: true, description: 'By what.' }),
    direction: t.field({
      type: OrderDirectionEnum,
      required: true,
      defaultValue: 'ASC',
      description: 'Which end comes first.',
    }),
  }),
});

const DateTimeRangeInput = builder.inputType('DateTimeRange', {
  description: 'A stretch of time; open where an end is left out.',
  fields: (t) => ({
    gte: t.field({ type: 'DateTime', description: 'At this instant or later.' }),
    lt: t.field({ type: 'DateTime', description: 'Before this instant.' }),
  }),
});

export const TaskFilterInput = builder.inputRef<TaskFilter>('TaskFilter');

TaskFilterInput.implement({
  description: 'Which tasks: all that is given must hold. An empty list lets no task through.',
  fields: (t) => ({
    status: t.field({ type: [TaskStatusEnum], description: 'In any of these statuses.' }),
    priority: t.field({ type: [TaskPriorityEnum], description: 'Of any of these priorities.' }),
    assignee: t.field({ type: [AgentRefInput], description: 'Assigned to any of these agents.' }),
    unassigned: t.boolean({ description: 'true: assigned to nobody; false: assigned to somebody.' }),
    tags: t.stringList({ description: 'With all of these tags.' }),
    search: t.string({
      description: 'With this text in title or description, in letters of either case, or with this ref.',
    }),
    createdAt: t.field({ type: DateTimeRangeInput, description: 'Created in this stretch of time.' }),
    dueAt: t.field({ type: DateTimeRangeInput, description: 'Due in this stretch of time.' }),
    overdue: t.boolean({ description: 'true: due in the past and not over; false: all others.' }),
    recurringTaskId: t.id({ description: 'Made by this recurring task, also if that has been removed.' }),
    pipelineRunId: t.id({ description: 'Of this run of a pipeline.' }),
    and: t.field({ type: [TaskFilterInput], description: 'All of these hold as well.' }),
    or: t.field({ type: [TaskFilterInput], description: 'At least one of these holds.' }),
    not: t.field({ type: TaskFilterInput, description: 'This does not hold.' }),
  }),
});
