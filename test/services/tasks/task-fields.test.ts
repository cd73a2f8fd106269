import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  copyTemplate,
  type NewTaskFields,
  TASK_FIELD_NAMES,
  TEMPLATE_FIELD_NAMES,
} from '../../../src/domain/tasks/task-fields.js';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { fireRecurringTask } from '../../../src/services/recurring/fire-recurring-task.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import { findTask, type TaskRow } from '../../../src/store/tasks/tasks.js';
import { aClaimedTask, anAgent, aTask } from '../../support/factories/factory.js';
import { aPipelineRun, step } from '../../support/factories/pipelines.js';
import { aRecurringTask } from '../../support/factories/recurring.js';
import { createTestServices, type TestServices } from '../../support/factories/services.js';

/** A value for every field, none of them the one of a field that is left out. */
const EVERYTHING: Required<NewTaskFields> = {
  title: 'Write the report',
  description: 'At length',
  priority: 'CRITICAL',
  dueAt: new Date('2040-01-01'),
  startsAt: new Date('2039-01-01'),
  tags: ['report', 'weekly'],
  requires: ['gpu', 'python'],
  metadata: { due_at: { camelCase: [1, null, 'x'] } },
  reviewPolicy: 'SKIP',
};
const TEMPLATE = copyTemplate(EVERYTHING);

let services: TestServices;
beforeAll(async () => {
  services = await createTestServices();
});
afterAll(() => services.close());

async function storedTask(id: string): Promise<TaskRow> {
  const task = await inTransaction(services.database, (tx) => findTask(tx, { id }));
  if (task === null) throw new Error(`there is no task ${id}`);
  return task;
}

describe('every field', () => {
  it('of this file differs from what a task has without it', async () => {
    const row: Record<string, unknown> = await storedTask((await aTask(services)).id);
    const given: Record<string, unknown> = EVERYTHING;
    for (const name of TASK_FIELD_NAMES) expect(row[name]).not.toEqual(given[name]);
  });

  it('that createTask is given is stored', async () => {
    const { id } = await createTask(services, services.admin, EVERYTHING);
    expect(await storedTask(id)).toMatchObject(EVERYTHING);
  });

  it('that updateTask is given is stored', async () => {
    const task = await aTask(services);
    await updateTask(services, services.admin, { task: { id: task.id }, ...EVERYTHING });
    expect(await storedTask(task.id)).toMatchObject(EVERYTHING);
  });

  it('of a follow-up is stored', async () => {
    const { runId } = await aClaimedTask(services, await anAgent(services));
    const { followUps } = await completeTask(services, services.admin, {
      runId,
      resolution: 'done',
      followUps: [EVERYTHING],
    });
    expect(await storedTask(followUps[0]?.id ?? '')).toMatchObject(EVERYTHING);
  });
});

describe('every field of a template', () => {
  it('is one of a task that does not depend on when the task is created', () => {
    expect(TASK_FIELD_NAMES.filter((name) => !TEMPLATE_FIELD_NAMES.some((each) => each === name))).toEqual([
      'dueAt',
      'startsAt',
    ]);
  });

  it('of a recurring task reaches the tasks that it makes', async () => {
    const { id } = await aRecurringTask(services, { template: TEMPLATE });
    const { recurringTask, task } = await fireRecurringTask(services, services.admin, id);
    expect(recurringTask).toMatchObject(TEMPLATE);
    expect(await storedTask(task.id)).toMatchObject({
      ...TEMPLATE,
      title: expect.stringContaining(TEMPLATE.title),
    });
  });

  it('of a pipeline step reaches its task', async () => {
    const { taskIds } = await aPipelineRun(services, [step('report', [], { template: TEMPLATE })]);
    expect(await storedTask(taskIds.get('report') ?? '')).toMatchObject(TEMPLATE);
  });
});
