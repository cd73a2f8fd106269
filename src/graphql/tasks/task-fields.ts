import type { TemplateField } from '../../domain/tasks/task-fields.js';
import type { Task } from '../../generated/prisma/client.js';
import { ReviewPolicyEnum, TaskPriorityEnum } from '../base/enums.js';
import { toJsonObject } from '../base/json-object.js';
import { AgentRefInput } from '../base/refs.js';
import type { builder } from '../builder.js';

type Types = typeof builder.$inferSchemaTypes;
type Inputs = PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>;
type Outputs = PothosSchemaTypes.ObjectFieldBuilder<Types, Pick<Task, TemplateField>>;

const TITLE = 'What is to be done, in a line';
const DESCRIPTION = 'What is to be done, at length.';
const PRIORITY = 'The first key of the queue.';
const STARTS_AT = 'It is not handed out before this.';
const TAGS = 'Words to find it by';
const REVIEW_POLICY = 'Whether it needs a verdict.';

/** What a new task and a template are given alike: `domain/tasks/task-fields.ts`, and the assignee. */
export const newTemplateFields = (t: Inputs) => ({
  title: t.string({ required: true, description: `${TITLE}: 1 to 500 characters.` }),
  description: t.string({ description: DESCRIPTION }),
  priority: t.field({ type: TaskPriorityEnum, defaultValue: 'MEDIUM', description: PRIORITY }),
  assignee: t.field({
    type: AgentRefInput,
    description: 'The agent that shall do it; left out, any agent may claim it.',
  }),
  tags: t.stringList({ description: `${TAGS}, at most 50.` }),
  metadata: t.field({ type: 'JSONObject', description: 'Whatever you want to keep with it.' }),
  reviewPolicy: t.field({ type: ReviewPolicyEnum, defaultValue: 'REQUIRED', description: REVIEW_POLICY }),
});

/** What a new task is given: the fields of a template, and those that depend on when it is created. */
export const newTaskFields = (t: Inputs) => ({
  ...newTemplateFields(t),
  dueAt: t.field({ type: 'DateTime', description: 'When it should be done; the second key of the queue.' }),
  startsAt: t.field({ type: 'DateTime', description: STARTS_AT }),
});

/** What an edit of a task may change; the assignee has a mutation of its own. */
export const editedTaskFields = (t: Inputs) => ({
  title: t.string({ description: `${TITLE}.` }),
  description: t.string({ description: DESCRIPTION }),
  priority: t.field({ type: TaskPriorityEnum, description: PRIORITY }),
  dueAt: t.field({ type: 'DateTime', description: 'When it should be done.' }),
  startsAt: t.field({ type: 'DateTime', description: STARTS_AT }),
  tags: t.stringList({ description: 'Replaces all tags.' }),
  metadata: t.field({ type: 'JSONObject', description: 'Replaces all metadata.' }),
  reviewPolicy: t.field({ type: ReviewPolicyEnum, description: REVIEW_POLICY }),
});

/** The same fields of a task or a template that is read. */
export const templateFields = (t: Outputs) => ({
  title: t.exposeString('title', { description: `${TITLE}.` }),
  description: t.exposeString('description', { nullable: true, description: DESCRIPTION }),
  priority: t.expose('priority', { type: TaskPriorityEnum, description: PRIORITY }),
  tags: t.exposeStringList('tags', { description: `${TAGS}.` }),
  metadata: t.field({
    type: 'JSONObject',
    description: 'Whatever its creator keeps with it. The server never reads it.',
    resolve: ({ metadata }) => toJsonObject(metadata),
  }),
  reviewPolicy: t.expose('reviewPolicy', { type: ReviewPolicyEnum, description: REVIEW_POLICY }),
});
