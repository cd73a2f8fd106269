import { DependencyFailurePolicyEnum } from '../base/enums.js';
import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import { editedTaskFields, newTaskFields } from './task-fields.js';

export const IDEMPOTENCY_KEY =
  'A text of your choice; the same one within 24 hours answers with the first result, so that a lost answer can be asked for again.';
const EXPECTED_VERSION = 'Refuse if the stored version is another one.';

export const CreateTaskInput = builder.inputType('CreateTaskInput', {
  description: 'A new task.',
  fields: (t) => ({
    ...newTaskFields(t),
    dependsOn: t.field({
      type: [TaskRefInput],
      description: 'Tasks that must be DONE before it is handed out; with dependsOnKeys at most 100.',
    }),
    key: t.string({
      description:
        'A name by which other tasks of the same call can say in `dependsOnKeys` that they wait for this one. It is not kept.',
    }),
    dependsOnKeys: t.stringList({
      description: 'Keys of other tasks of the same call that must be DONE before it is handed out.',
    }),
    onDependencyFailure: t.field({
      type: DependencyFailurePolicyEnum,
      defaultValue: 'BLOCK',
      description: 'What becomes of it when one of them ends without success.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const UpdateTaskInput = builder.inputType('UpdateTaskInput', {
  description: 'An edit of a task. What is left out stays; null clears description, dueAt and startsAt.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    ...editedTaskFields(t),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
  }),
});

export const AssignTaskInput = builder.inputType('AssignTaskInput', {
  description: 'Gives a waiting task to an agent, or takes it back.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    assignee: t.field({ type: AgentRefInput, description: 'The agent; null takes it back to the inbox.' }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
  }),
});

export const CancelTaskInput = builder.inputType('CancelTaskInput', {
  description: 'Calls a task off.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    reason: t.string({ description: 'Why; it stands in the log.' }),
  }),
});

export const RetryTaskInput = builder.inputType('RetryTaskInput', {
  description: 'Brings a failed or cancelled task back.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
  }),
});

export const AddCommentInput = builder.inputType('AddCommentInput', {
  description: 'A comment on a task.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    body: t.string({ required: true, description: 'The text; Markdown is welcome.' }),
    inReplyToId: t.id({ description: 'The comment of the same task that it answers.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const DependencyInput = builder.inputType('DependencyInput', {
  description: 'One task that waits for another.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task that waits.' }),
    dependsOn: t.field({
      type: TaskRefInput,
      required: true,
      description: 'The task that must be DONE before the other is handed out.',
    }),
  }),
});
