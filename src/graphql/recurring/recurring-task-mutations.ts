import type { RecurringTask, Task } from '../../generated/prisma/client.js';
import { createRecurringTask } from '../../services/recurring/create-recurring-task.js';
import { fireRecurringTask } from '../../services/recurring/fire-recurring-task.js';
import {
  pauseRecurringTask,
  removeRecurringTask,
  resumeRecurringTask,
} from '../../services/recurring/pause-recurring-task.js';
import { updateRecurringTask } from '../../services/recurring/update-recurring-task.js';
import { CatchUpPolicyEnum, OverlapPolicyEnum } from '../base/enums.js';
import { answer, DeletePayload, payloadType } from '../base/payloads.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { IDEMPOTENCY_KEY } from '../tasks/task-inputs.js';
import { RecurringTaskType } from './recurring-task.js';
import { TaskTemplateInput } from './task-template.js';

const fields = {
  name: 'Its unique name, 1 to 100 characters.',
  schedule:
    'When it is due: a cron expression of five fields (`0 9 * * 1-5`), or English (`every weekday at 9am`).',
  timeZone: 'The time zone of the schedule.',
  template: 'The template of its tasks.',
  catchUp: 'What happens to due times that pass while no server is running.',
  overlap: 'What happens at a due time while an earlier task is still open.',
} as const;

const ID_OR_NAME = 'The id (rec_…) or the name.';

const CreateRecurringTaskInput = builder.inputType('CreateRecurringTaskInput', {
  description: 'A new recurring task.',
  fields: (t) => ({
    name: t.string({ required: true, description: fields.name }),
    schedule: t.string({ required: true, description: fields.schedule }),
    timeZone: t.field({ type: 'TimeZone', defaultValue: 'UTC', description: fields.timeZone }),
    template: t.field({ type: TaskTemplateInput, required: true, description: fields.template }),
    catchUp: t.field({ type: CatchUpPolicyEnum, defaultValue: 'SKIP', description: fields.catchUp }),
    overlap: t.field({ type: OverlapPolicyEnum, defaultValue: 'ALLOW', description: fields.overlap }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const UpdateRecurringTaskInput = builder.inputType('UpdateRecurringTaskInput', {
  description: 'An edit of a recurring task. An omitted field stays unchanged. Existing tasks do not change.',
  fields: (t) => ({
    id: t.id({ required: true, description: ID_OR_NAME }),
    name: t.string({ description: fields.name }),
    schedule: t.string({ description: `${fields.schedule} A new schedule applies from now on.` }),
    timeZone: t.field({ type: 'TimeZone', description: fields.timeZone }),
    template: t.field({
      type: TaskTemplateInput,
      description: `${fields.template} Replaces the whole template.`,
    }),
    catchUp: t.field({ type: CatchUpPolicyEnum, description: fields.catchUp }),
    overlap: t.field({ type: OverlapPolicyEnum, description: fields.overlap }),
    expectedVersion: t.int({ description: 'Refuse if the stored version differs.' }),
  }),
});

const RecurringTaskPayload = payloadType<RecurringTask>(
  'RecurringTaskPayload',
  'The answer of a mutation of one recurring task.',
);
builder.objectFields(RecurringTaskPayload, (t) => ({
  recurringTask: t.field({
    type: RecurringTaskType,
    nullable: true,
    description: 'The current recurring task; null if the mutation was refused.',
    resolve: ({ result }) => result,
  }),
}));

const FireRecurringTaskPayload = payloadType<{ readonly recurringTask: RecurringTask; readonly task: Task }>(
  'FireRecurringTaskPayload',
  'The answer of fireRecurringTask.',
);
builder.objectFields(FireRecurringTaskPayload, (t) => ({
  recurringTask: t.field({
    type: RecurringTaskType,
    nullable: true,
    description: 'The current recurring task; null if the mutation was refused.',
    resolve: ({ result }) => result?.recurringTask,
  }),
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'The created task; null if the mutation was refused.',
    resolve: ({ result }) => result?.task,
  }),
}));

const byId = builder.args((t) => ({ id: t.id({ required: true, description: ID_OR_NAME }) }));

builder.mutationFields((t) => ({
  createRecurringTask: t.field({
    type: RecurringTaskPayload,
    authScopes: { operator: true },
    description: 'Creates a recurring task.',
    args: {
      input: t.arg({ type: CreateRecurringTaskInput, required: true, description: 'The recurring task.' }),
    },
    resolve: (_root, { input }, { services, viewer }) => answer(createRecurringTask(services, viewer, input)),
  }),
  updateRecurringTask: t.field({
    type: RecurringTaskPayload,
    authScopes: { operator: true },
    description: 'Changes the given fields.',
    args: { input: t.arg({ type: UpdateRecurringTaskInput, required: true, description: 'The edit.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(updateRecurringTask(services, viewer, input)),
  }),
  pauseRecurringTask: t.field({
    type: RecurringTaskPayload,
    authScopes: { operator: true },
    description: 'Pauses the schedule, so it creates no tasks until it is resumed.',
    args: byId,
    resolve: (_root, { id }, { services, viewer }) => answer(pauseRecurringTask(services, viewer, id)),
  }),
  resumeRecurringTask: t.field({
    type: RecurringTaskPayload,
    authScopes: { operator: true },
    description: 'Resumes the schedule from now. Due times during the pause create no tasks.',
    args: byId,
    resolve: (_root, { id }, { services, viewer }) => answer(resumeRecurringTask(services, viewer, id)),
  }),
  fireRecurringTask: t.field({
    type: FireRecurringTaskPayload,
    authScopes: { operator: true },
    description: 'Creates a task now, even while it is paused. The schedule does not change.',
    args: byId,
    resolve: (_root, { id }, { services, viewer }) => answer(fireRecurringTask(services, viewer, id)),
  }),
  removeRecurringTask: t.field({
    type: DeletePayload,
    authScopes: { operator: true },
    description: 'Removes a recurring task and its history. The tasks that it created stay.',
    args: byId,
    resolve: (_root, { id }, { services, viewer }) => answer(removeRecurringTask(services, viewer, id)),
  }),
}));
