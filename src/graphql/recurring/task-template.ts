import type { TemplateField } from '../../domain/tasks/task-fields.js';
import type { RecurringTask } from '../../generated/prisma/client.js';
import { AgentType } from '../agents/agent.js';
import { loadAgent } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { newTemplateFields, templateFields } from '../tasks/task-fields.js';

/** The columns of a table that hold a template. */
export type TaskTemplateShape = Pick<RecurringTask, TemplateField | 'assigneeId' | 'dueInMs'>;

export const TaskTemplateType = builder.objectRef<TaskTemplateShape>('TaskTemplate').implement({
  description: 'What a task is to be like that is made later. No task by itself: nobody can claim it.',
  fields: (t) => ({
    ...templateFields(t),
    assignee: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent that shall do it; null: any agent may claim it.',
      resolve: ({ assigneeId }, _args, context, info) =>
        assigneeId === null ? null : loadAgent(context, info, assigneeId),
    }),
    dueIn: t.field({
      type: 'Duration',
      nullable: true,
      description: 'How long after its due time it should be done; null: it gets no due date.',
      resolve: ({ dueInMs }) => (dueInMs === null ? null : Number(dueInMs)),
    }),
  }),
});

export const TaskTemplateInput = builder.inputType('TaskTemplateInput', {
  description: 'What a task is to be like that is made later.',
  fields: (t) => ({
    ...newTemplateFields(t),
    dueIn: t.field({
      type: 'Duration',
      description: 'How long after its due time it should be done: `PT4H`.',
    }),
  }),
});
