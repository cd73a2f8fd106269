import type { Comment, Task } from '../../generated/prisma/client.js';
import { addComment } from '../../services/tasks/add-comment.js';
import { assignTask } from '../../services/tasks/assign-task.js';
import { cancelTask } from '../../services/tasks/cancel-task.js';
import { createTask, createTasks } from '../../services/tasks/create-task.js';
import { addDependency, removeDependency } from '../../services/tasks/edit-dependencies.js';
import { retryTask } from '../../services/tasks/retry-task.js';
import { updateTask } from '../../services/tasks/update-task.js';
import { answer, payloadType } from '../base/payloads.js';
import { taskColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import { CommentType } from './comment.js';
import { TaskType } from './task.js';
import {
  AddCommentInput,
  AssignTaskInput,
  CancelTaskInput,
  CreateTaskInput,
  DependencyInput,
  RetryTaskInput,
  UpdateTaskInput,
} from './task-inputs.js';

export const TaskPayload = payloadType<Task>('TaskPayload', 'The answer of a mutation of one task.');
builder.objectFields(TaskPayload, (t) => ({
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'The current task; null if the mutation was refused.',
    resolve: (payload) => payload.result,
  }),
}));

const TasksPayload = payloadType<Task[]>('TasksPayload', 'The answer of createTasks.');
builder.objectFields(TasksPayload, (t) => ({
  tasks: t.field({
    type: [TaskType],
    nullable: true,
    description:
      'The tasks in the order of the input; null if the mutation was refused, and then none was created.',
    resolve: (payload) => payload.result,
  }),
}));

const CommentPayload = payloadType<Comment>('CommentPayload', 'The answer of addComment.');
builder.objectFields(CommentPayload, (t) => ({
  comment: t.field({
    type: CommentType,
    nullable: true,
    description: 'The comment; null if it was refused.',
    resolve: (payload) => payload.result,
  }),
}));

builder.mutationFields((t) => ({
  createTask: t.field({
    type: TaskPayload,
    authScopes: { agent: true },
    description:
      'Creates a task: ASSIGNED if it has an assignee, otherwise INBOX. Refused with QUOTA_EXCEEDED if the key has created too many in a minute, or if too many that its agent has created are open.',
    args: { input: t.arg({ type: CreateTaskInput, required: true, description: 'The task.' }) },
    resolve: (_root, { input }, { services, viewer }, info) =>
      answer(createTask(services, viewer, input, taskColumns(info, [['task']]))),
  }),
  createTasks: t.field({
    type: TasksPayload,
    authScopes: { agent: true },
    description:
      'Creates 1 to 100 tasks, all or none, in the given order. Each counts for the quotas, as with createTask.',
    args: { inputs: t.arg({ type: [CreateTaskInput], required: true, description: 'The tasks.' }) },
    resolve: (_root, { inputs }, { services, viewer }, info) =>
      answer(createTasks(services, viewer, inputs, taskColumns(info, [['tasks']]))),
  }),
  updateTask: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description: 'Changes the given fields; never the status.',
    args: { input: t.arg({ type: UpdateTaskInput, required: true, description: 'The edit.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(updateTask(services, viewer, input)),
  }),
  assignTask: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description:
      'Assigns a waiting task to an agent or returns it to the inbox. A task that was already sent to a PUSH agent can be reassigned too: its gateway call is aborted and does not count as a failed attempt.',
    args: {
      input: t.arg({ type: AssignTaskInput, required: true, description: 'The task and its new assignee.' }),
    },
    resolve: (_root, { input }, { services, viewer }) => answer(assignTask(services, viewer, input)),
  }),
  addDependency: t.field({
    type: TaskPayload,
    authScopes: { agent: true },
    description:
      'Makes an INBOX or ASSIGNED task wait for another one. An existing dependency changes nothing. Agents may do this for tasks that they created.',
    args: { input: t.arg({ type: DependencyInput, required: true, description: 'The two tasks.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(addDependency(services, viewer, input)),
  }),
  removeDependency: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description:
      'Removes a dependency of an INBOX or ASSIGNED task. If it was the last one that blocked the task, the task can be handed out at once. A dependency that does not exist changes nothing.',
    args: { input: t.arg({ type: DependencyInput, required: true, description: 'The two tasks.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(removeDependency(services, viewer, input)),
  }),
  cancelTask: t.field({
    type: TaskPayload,
    authScopes: { agent: true },
    description:
      'Cancels a task that has not ended. An agent that works on it loses its lease. Agents may do this for tasks that they created.',
    args: {
      input: t.arg({ type: CancelTaskInput, required: true, description: 'The task and the reason.' }),
    },
    resolve: (_root, { input }, { services, viewer }) => answer(cancelTask(services, viewer, input)),
  }),
  retryTask: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description: 'Reopens a FAILED or CANCELLED task with its counters reset to zero.',
    args: { input: t.arg({ type: RetryTaskInput, required: true, description: 'The task.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(retryTask(services, viewer, input)),
  }),
  addComment: t.field({
    type: CommentPayload,
    authScopes: { agent: true },
    description: 'Adds a comment to a task. Extends no lease.',
    args: { input: t.arg({ type: AddCommentInput, required: true, description: 'The comment.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(addComment(services, viewer, input)),
  }),
}));
