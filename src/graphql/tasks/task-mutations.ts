import type { Comment, Task } from '../../generated/prisma/client.js';
import { addComment } from '../../services/tasks/add-comment.js';
import { assignTask } from '../../services/tasks/assign-task.js';
import { cancelTask } from '../../services/tasks/cancel-task.js';
import { createTask, createTasks } from '../../services/tasks/create-task.js';
import { addDependency, removeDependency } from '../../services/tasks/edit-dependencies.js';
import { retryTask } from '../../services/tasks/retry-task.js';
import { updateTask } from '../../services/tasks/update-task.js';
import { answer, payloadType } from '../base/payloads.js';
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
    description: 'The task as it is now; null if the mutation was refused.',
    resolve: (payload) => payload.result,
  }),
}));

const TasksPayload = payloadType<Task[]>('TasksPayload', 'The answer of createTasks.');
builder.objectFields(TasksPayload, (t) => ({
  tasks: t.field({
    type: [TaskType],
    nullable: true,
    description:
      'The tasks in the order of the input; null if the mutation was refused, and then none was made.',
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
    description: 'Creates a task: ASSIGNED if it names an assignee, else INBOX.',
    args: { input: t.arg({ type: CreateTaskInput, required: true, description: 'The task.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(createTask(services, viewer, input)),
  }),
  createTasks: t.field({
    type: TasksPayload,
    authScopes: { agent: true },
    description: 'Creates 1 to 100 tasks, all or none, in the order given.',
    args: { inputs: t.arg({ type: [CreateTaskInput], required: true, description: 'The tasks.' }) },
    resolve: (_root, { inputs }, { services, viewer }) => answer(createTasks(services, viewer, inputs)),
  }),
  updateTask: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description: 'Edits the fields that are given; never the status.',
    args: { input: t.arg({ type: UpdateTaskInput, required: true, description: 'The edit.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(updateTask(services, viewer, input)),
  }),
  assignTask: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description:
      'Gives a waiting task to an agent, to another one, or back to the inbox. One that was sent to a PUSH agent can be given to another: the call is aborted, uncounted.',
    args: { input: t.arg({ type: AssignTaskInput, required: true, description: 'Task and agent.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(assignTask(services, viewer, input)),
  }),
  addDependency: t.field({
    type: TaskPayload,
    authScopes: { agent: true },
    description:
      'Makes a task that is INBOX or ASSIGNED wait for another one. One that it waits for already changes nothing. Agents may do this to tasks that they created.',
    args: { input: t.arg({ type: DependencyInput, required: true, description: 'Who waits for whom.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(addDependency(services, viewer, input)),
  }),
  removeDependency: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description:
      'Lets a task that is INBOX or ASSIGNED no longer wait for another one; it can be handed out at once if that was the last. One that it does not wait for changes nothing.',
    args: { input: t.arg({ type: DependencyInput, required: true, description: 'Who waits for whom.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(removeDependency(services, viewer, input)),
  }),
  cancelTask: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description: 'Calls off a task that has not ended; whoever works on it loses the lease.',
    args: { input: t.arg({ type: CancelTaskInput, required: true, description: 'The task and why.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(cancelTask(services, viewer, input)),
  }),
  retryTask: t.field({
    type: TaskPayload,
    authScopes: { operator: true },
    description: 'Brings a FAILED or CANCELLED task back, with its counters at zero.',
    args: { input: t.arg({ type: RetryTaskInput, required: true, description: 'The task.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(retryTask(services, viewer, input)),
  }),
  addComment: t.field({
    type: CommentPayload,
    authScopes: { agent: true },
    description: 'Comments on a task. Extends no lease.',
    args: { input: t.arg({ type: AddCommentInput, required: true, description: 'The comment.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(addComment(services, viewer, input)),
  }),
}));
