import type { TemplateField } from '../../domain/tasks/task-fields.js';
import type { RecurringTask } from '../../generated/prisma/client.js';
import { AgentType } from '../agents/agent.js';
import { loadAgent } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { newTemplateFields, templateFields } from '../tasks/task-fields.js';

const DUE_IN =
  'The time from the due time of the schedule, or the start of the pipeline, to the due date of the task';

/** The columns that hold a template. */
export type TaskTemplateShape = Pick<RecurringTask, TemplateField | 'assigneeId' | 'dueInMs'>;

export const TaskTemplateType = builder.objectRef<TaskTemplateShape>('TaskTemplate').implement({
  description: 'The fields of a task that is created later. A template itself cannot be claimed.',
  fields: (t) => ({
    ...templateFields(t),
    assignee: t.field({
      type: AgentType,
      nullable: true,
      description: 'The assignee. If null, any agent may claim the task.',
      resolve: ({ assigneeId }, _args, context, info) =>
        assigneeId === null ? null : loadAgent(context, info, assigneeId),
    }),
    dueIn: t.field({
      type: 'Duration',
      nullable: true,
      description: `${DUE_IN}. If null, the task gets no due date.`,
      resolve: ({ dueInMs }) => (dueInMs === null ? null : Number(dueInMs)),
    }),
  }),
});

export const TaskTemplateInput = builder.inputType('TaskTemplateInput', {
  description: 'The fields of a task that is created later.',
  fields: (t) => ({
    ...newTemplateFields(t),
    dueIn: t.field({
      type: 'Duration',
      description: `${DUE_IN}: \`PT4H\`.`,
    }),
  }),
});
