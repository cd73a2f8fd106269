import type { TemplateField } from '../../domain/tasks/task-fields.js';
import type { Task } from '../../generated/prisma/client.js';
import { ReviewPolicyEnum, TaskPriorityEnum } from '../base/enums.js';
import { toJsonObject } from '../base/json-object.js';
import { AgentRefInput } from '../base/refs.js';
import type { builder } from '../builder.js';

type Types = typeof builder.$inferSchemaTypes;
type Inputs = PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>;
type Outputs = PothosSchemaTypes.ObjectFieldBuilder<Types, Pick<Task, TemplateField>>;

const TITLE = 'What to do, in one line';
const DESCRIPTION = 'What to do, in detail.';
const PRIORITY = 'How urgent it is; the first sort key of the queue.';
const STARTS_AT = 'The task is not handed out before this time.';
const TAGS = 'Labels for filtering';
const REQUIRES = 'The capabilities that an agent must have to get the task';
const REVIEW_POLICY = 'Whether the finished work needs a verdict.';

/** Input fields of a new task and of a template: those of `domain/tasks/task-fields.ts`, and the assignee. */
export const newTemplateFields = (t: Inputs) => ({
  title: t.string({ required: true, description: `${TITLE}: 1 to 500 characters.` }),
  description: t.string({ description: DESCRIPTION }),
  priority: t.field({ type: TaskPriorityEnum, defaultValue: 'MEDIUM', description: PRIORITY }),
  assignee: t.field({
    type: AgentRefInput,
    description: 'The agent that gets the task. If unset, any agent may claim it.',
  }),
  tags: t.stringList({ description: `${TAGS}, at most 50.` }),
  requires: t.stringList({ description: `${REQUIRES}, at most 100.` }),
  metadata: t.field({
    type: 'JSONObject',
    description: 'Your own data. The server stores it and never reads it.',
  }),
  reviewPolicy: t.field({ type: ReviewPolicyEnum, defaultValue: 'REQUIRED', description: REVIEW_POLICY }),
});

/** Input fields of a new task: those of a template, and the absolute times that a template cannot have. */
export const newTaskFields = (t: Inputs) => ({
  ...newTemplateFields(t),
  dueAt: t.field({
    type: 'DateTime',
    description: 'When the task is due; the second sort key of the queue.',
  }),
  startsAt: t.field({ type: 'DateTime', description: STARTS_AT }),
});

/** Input fields of an edit. The assignee is changed by `assignTask` instead. */
export const editedTaskFields = (t: Inputs) => ({
  title: t.string({ description: `${TITLE}.` }),
  description: t.string({ description: DESCRIPTION }),
  priority: t.field({ type: TaskPriorityEnum, description: PRIORITY }),
  dueAt: t.field({ type: 'DateTime', description: 'When the task is due.' }),
  startsAt: t.field({ type: 'DateTime', description: STARTS_AT }),
  tags: t.stringList({ description: 'Replaces all tags.' }),
  requires: t.stringList({ description: `${REQUIRES}. Replaces all of them.` }),
  metadata: t.field({ type: 'JSONObject', description: 'Replaces all metadata.' }),
  reviewPolicy: t.field({ type: ReviewPolicyEnum, description: REVIEW_POLICY }),
});

/** Output fields that tasks and templates share. */
export const templateFields = (t: Outputs) => ({
  title: t.exposeString('title', { description: `${TITLE}.` }),
  description: t.exposeString('description', { nullable: true, description: DESCRIPTION }),
  priority: t.expose('priority', { type: TaskPriorityEnum, description: PRIORITY }),
  tags: t.exposeStringList('tags', { description: `${TAGS}.` }),
  requires: t.exposeStringList('requires', { description: `${REQUIRES}.` }),
  metadata: t.field({
    type: 'JSONObject',
    description: 'Data of the creator. The server stores it and never reads it.',
    resolve: ({ metadata }) => toJsonObject(metadata),
  }),
  reviewPolicy: t.expose('reviewPolicy', { type: ReviewPolicyEnum, description: REVIEW_POLICY }),
});
