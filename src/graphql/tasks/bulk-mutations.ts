import type { Task } from '../../generated/prisma/client.js';
import { assignTasks, type BulkResult, cancelTasks, retryTasks } from '../../services/tasks/bulk-tasks.js';
import { answer, payloadType } from '../base/payloads.js';
import { AgentRefInput } from '../base/refs.js';
import { UserErrorInterface } from '../base/user-errors.js';
import { builder, type InputFields } from '../builder.js';
import { TaskType } from './task.js';
import { TaskFilterInput } from './task-filter.js';

function bulkFields(t: InputFields) {
  return {
    filter: t.field({
      type: TaskFilterInput,
      required: true,
      description:
        'Which tasks. Those that the verb does not apply to are left out. An empty filter means all.',
    }),
    first: t.int({
      defaultValue: 100,
      description:
        'The maximum number of tasks of this call, 1 to 1000, oldest first. `remaining` says how many are left.',
    }),
    dryRun: t.boolean({
      defaultValue: false,
      description: 'true: only lists the tasks that it would apply to, and changes nothing.',
    }),
  };
}

const RetryTasksInput = builder.inputType('RetryTasksInput', {
  description: 'Brings FAILED and CANCELLED tasks back.',
  fields: (t) => bulkFields(t),
});

const CancelTasksInput = builder.inputType('CancelTasksInput', {
  description: 'Cancels tasks that have not ended.',
  fields: (t) => ({
    ...bulkFields(t),
    reason: t.string({ description: 'Why; it is kept in the log.' }),
  }),
});

const AssignTasksInput = builder.inputType('AssignTasksInput', {
  description: 'Gives INBOX and ASSIGNED tasks to an agent.',
  fields: (t) => ({
    ...bulkFields(t),
    assignee: t.field({ type: AgentRefInput, description: 'The agent; null or left out: the inbox.' }),
  }),
});

const RefusedTaskType = builder
  .objectRef<{ task: Task; refusals: BulkResult['refused'][number]['refusals'] }>('RefusedTask')
  .implement({
    description: 'A task that a bulk verb was refused for. It is unchanged.',
    fields: (t) => ({
      task: t.field({ type: TaskType, description: 'The task.', resolve: ({ task }) => task }),
      errors: t.field({
        type: [UserErrorInterface],
        description: 'Why it was refused.',
        resolve: ({ refusals }) => refusals.map((refusal) => ({ refusal })),
      }),
    }),
  });

const BulkTasksPayload = payloadType<BulkResult>(
  'BulkTasksPayload',
  'The answer of a mutation of many tasks. Each task is changed on its own: a refused one does not undo the others.',
);
builder.objectFields(BulkTasksPayload, (t) => ({
  count: t.int({
    nullable: true,
    description:
      'How many tasks were changed; in a dry run, how many would be. Null if the whole mutation was refused.',
    resolve: ({ result }) => result?.tasks.length,
  }),
  tasks: t.field({
    type: [TaskType],
    nullable: true,
    description: 'The tasks as they are now.',
    resolve: ({ result }) => (result === null ? null : [...result.tasks]),
  }),
  refused: t.field({
    type: [RefusedTaskType],
    nullable: true,
    description: 'The tasks that changed meanwhile, so that the verb no longer applied.',
    resolve: ({ result }) => (result === null ? null : [...result.refused]),
  }),
  remaining: t.int({
    nullable: true,
    description: 'How many further tasks match. Repeat the call to reach them.',
    resolve: ({ result }) => result?.remaining,
  }),
}));

builder.mutationFields((t) => ({
  retryTasks: t.field({
    type: BulkTasksPayload,
    authScopes: { operator: true },
    description:
      'Brings many FAILED or CANCELLED tasks back, with their counters at zero, as retryTask does.',
    args: { input: t.arg({ type: RetryTasksInput, required: true, description: 'Which tasks.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(retryTasks(services, viewer, input)),
  }),
  cancelTasks: t.field({
    type: BulkTasksPayload,
    authScopes: { operator: true },
    description: 'Cancels many tasks that have not ended, as cancelTask does.',
    args: { input: t.arg({ type: CancelTasksInput, required: true, description: 'Which tasks, and why.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(cancelTasks(services, viewer, input)),
  }),
  assignTasks: t.field({
    type: BulkTasksPayload,
    authScopes: { operator: true },
    description:
      'Gives many INBOX or ASSIGNED tasks to an agent, or back to the inbox, as assignTask does. Tasks in progress are left out.',
    args: {
      input: t.arg({ type: AssignTasksInput, required: true, description: 'Which tasks, and to whom.' }),
    },
    resolve: (_root, { input }, { services, viewer }) => answer(assignTasks(services, viewer, input)),
  }),
}));
