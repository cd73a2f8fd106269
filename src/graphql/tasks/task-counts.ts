import { type PricedFilter, priceOfFilter } from '../../domain/tasks/filter-price.js';
import { readsRows, type TaskCountGroup } from '../../domain/tasks/task-counts.js';
import { countTasks } from '../../services/tasks/read-tasks.js';
import { AgentType } from '../agents/agent.js';
import { refuseInvalidList } from '../base/connection.js';
import { TaskCountKeyEnum } from '../base/enums.js';
import { loadAgent } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { TaskFilterInput } from './task-filter.js';

/** A group, with what it was counted by. */
interface CountedGroup extends TaskCountGroup {
  readonly isAssignee: boolean;
}

const TaskCountGroupType = builder.objectRef<CountedGroup>('TaskCountGroup').implement({
  description: 'The number of tasks that have a value in common.',
  fields: (t) => ({
    key: t.exposeString('key', {
      nullable: true,
      description:
        'The value: a status, a priority, a tag, a model, a failure reason or the id of an agent. Null for tasks without an assignee.',
    }),
    count: t.exposeInt('count', { description: 'The number of tasks.' }),
    assignee: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent, for counts by ASSIGNEE.',
      resolve: ({ key, isAssignee }, _args, context, info) =>
        isAssignee && key !== null ? loadAgent(context, info, key) : null,
    }),
  }),
});

/** The complexity of a count in an index, and of one that reads each task: 0.1 and 1 to 3 seconds for a million tasks. */
const PRICES = { index: 50, rows: 3_000 };

/** The most entries of an answer that are usual. There are at most 100. */
const USUAL_GROUPS = 10;

builder.queryFields((t) => ({
  taskCounts: t.field({
    type: [TaskCountGroupType],
    description:
      'The tasks that this key may see, counted by a value, the largest group first and at most 100 groups. Tasks without a tag, a model or a failure reason are not counted by it, and a task with several tags is counted for each.',
    args: {
      filter: t.arg({ type: TaskFilterInput, description: 'Which tasks; all if unset.' }),
      by: t.arg({ type: TaskCountKeyEnum, required: true, description: 'What is counted by.' }),
    },
    complexity: ({ filter, by }) => ({
      field: (readsRows(by) ? PRICES.rows : PRICES.index) + priceOfFilter((filter ?? {}) as PricedFilter),
      multiplier: USUAL_GROUPS,
    }),
    resolve: async (_root, { filter, by }, { services, viewer }) => {
      const groups = await countTasks(services, viewer, filter ?? {}, by).catch(refuseInvalidList);
      return groups.map((group) => ({ ...group, isAssignee: by === 'ASSIGNEE' }));
    },
  }),
}));
