import type { Prisma } from '../../generated/prisma/client.js';
import { AgentType } from '../agents/agent.js';
import { ReviewPolicyEnum, TaskPriorityEnum } from '../base/enums.js';
import { toJsonObject } from '../base/json-object.js';
import { AgentRefInput } from '../base/refs.js';
import { loadAgent } from '../base/row-loads.js';
import { builder } from '../builder.js';

/** The columns of a table that hold a template. */
export interface TaskTemplateShape {
  readonly title: string;
  readonly description: string | null;
  readonly priority: 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';
  readonly assigneeId: string | null;
  readonly tags: string[];
  readonly dueInMs: bigint | null;
  readonly metadata: Prisma.JsonValue;
  readonly reviewPolicy: 'REQUIRED' | 'SKIP';
}

export const TaskTemplateType = builder.objectRef<TaskTemplateShape>('TaskTemplate').implement({
  description: 'What a task is to be like that is made later. No task by itself: nobody can claim it.',
  fields: (t) => ({
    title: t.exposeString('title', { description: 'What is to be done, in a line.' }),
    description: t.exposeString('description', {
      nullable: true,
      description: 'What is to be done, at length.',
    }),
    priority: t.expose('priority', { type: TaskPriorityEnum, description: 'The first key of the queue.' }),
    assignee: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent that shall do it; null: any agent may claim it.',
      resolve: ({ assigneeId }, _args, context, info) =>
        assigneeId === null ? null : loadAgent(context, info, assigneeId),
    }),
    tags: t.exposeStringList('tags', { description: 'Words to find it by.' }),
    dueIn: t.field({
      type: 'Duration',
      nullable: true,
      description: 'How long after its due time it should be done; null: it gets no due date.',
      resolve: ({ dueInMs }) => (dueInMs === null ? null : Number(dueInMs)),
    }),
    metadata: t.field({
      type: 'JSONObject',
      description: 'Whatever is to be kept with it.',
      resolve: ({ metadata }) => toJsonObject(metadata),
    }),
    reviewPolicy: t.expose('reviewPolicy', {
      type: ReviewPolicyEnum,
      description: 'Whether it needs a verdict.',
    }),
  }),
});

export const TaskTemplateInput = builder.inputType('TaskTemplateInput', {
  description: 'What a task is to be like that is made later.',
  fields: (t) => ({
    title: t.string({ required: true, description: 'What is to be done, in a line: 1 to 500 characters.' }),
    description: t.string({ description: 'What is to be done, at length.' }),
    priority: t.field({
      type: TaskPriorityEnum,
      defaultValue: 'MEDIUM',
      description: 'The first key of the queue.',
    }),
    assignee: t.field({
      type: AgentRefInput,
      description: 'The agent that shall do it; left out, any agent may claim it.',
    }),
    tags: t.stringList({ description: 'Words to find it by, at most 50.' }),
    dueIn: t.field({
      type: 'Duration',
      description: 'How long after its due time it should be done: `PT4H`.',
    }),
    metadata: t.field({ type: 'JSONObject', description: 'Whatever you want to keep with it.' }),
    reviewPolicy: t.field({
      type: ReviewPolicyEnum,
      defaultValue: 'REQUIRED',
      description: 'Whether it needs a verdict.',
    }),
  }),
});
