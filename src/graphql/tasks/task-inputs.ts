import { DependencyFailurePolicyEnum } from '../base/enums.js';
import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import { editedTaskFields, newTaskFields } from './task-fields.js';

export const IDEMPOTENCY_KEY =
  'A key of your choice for safe retries: a repeat with the same key within 24 hours returns the first result. ' +
  'A field that is null or has its default counts as left out.';
const EXPECTED_VERSION = 'Refuse if the stored version differs.';

export const CreateTaskInput = builder.inputType('CreateTaskInput', {
  description: 'A new task.',
  fields: (t) => ({
    ...newTaskFields(t),
    dependsOn: t.field({
      type: [TaskRefInput],
      description:
        'Tasks that must be DONE before this one is handed out; at most 100 including dependsOnKeys.',
    }),
    key: t.string({
      description:
        'A name for this task within the same call. Other tasks refer to it in `dependsOnKeys`. It is not stored.',
    }),
    dependsOnKeys: t.stringList({
      description: 'Keys of tasks in the same call that must be DONE before this one is handed out.',
    }),
    onDependencyFailure: t.field({
      type: DependencyFailurePolicyEnum,
      defaultValue: 'BLOCK',
      description: 'What happens to the task when a dependency ends without success.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const UpdateTaskInput = builder.inputType('UpdateTaskInput', {
  description:
    'An edit of a task. An omitted field stays unchanged; null clears description, dueAt and startsAt.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    ...editedTaskFields(t),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
  }),
});

export const AssignTaskInput = builder.inputType('AssignTaskInput', {
  description: 'Assigns a waiting task to an agent, or returns it to the inbox.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    assignee: t.field({
      type: AgentRefInput,
      description: 'The new assignee; null returns the task to the inbox.',
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
  }),
});

export const CancelTaskInput = builder.inputType('CancelTaskInput', {
  description: 'A task to cancel.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    reason: t.string({ description: 'The reason, recorded in the event log.' }),
  }),
});

export const RetryTaskInput = builder.inputType('RetryTaskInput', {
  description: 'A FAILED or CANCELLED task to retry.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
  }),
});

export const AddCommentInput = builder.inputType('AddCommentInput', {
  description: 'A new comment on a task.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    body: t.string({ required: true, description: 'The text, in Markdown.' }),
    inReplyToId: t.id({ description: 'The comment of the same task that it replies to.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const DependencyInput = builder.inputType('DependencyInput', {
  description: 'A dependency between two tasks.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task that waits.' }),
    dependsOn: t.field({
      type: TaskRefInput,
      required: true,
      description: 'The task that must be DONE first.',
    }),
  }),
});
