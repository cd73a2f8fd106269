import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeTask } from '../../src/services/runs/complete-task.js';
import { endLease, eventsOf, setLastSeen } from '../support/factories/aging.js';
import { claimFor } from '../support/factories/claims.js';
import { waitForStatus } from '../support/factories/dispatch.js';
import { anAgent } from '../support/factories/factory.js';
import { aRecurringTask, minutesAgo, wasDueAt } from '../support/factories/recurring.js';
import { answered, ScriptedGateway } from '../support/gateways/scripted-gateway.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { aProcess, type Process } from './job-process.js';

let database: TestDatabase;
let here: Process;

beforeAll(async () => {
  database = await createTestDatabase();
  const gateway = new ScriptedGateway();
  gateway.script = () => answered('It is all there.\n\nVERDICT: APPROVED');
  here = await aProcess(database.url, { gateways: [gateway], defaultGateway: 'scripted' });
  await here.start();
});
afterAll(async () => {
  await here.close();
  await database.drop();
});

/** A task that a recurring task has put into the inbox. */
async function aTaskOnSchedule(): Promise<string> {
  const { services, scheduler } = here;
  const due = await minutesAgo(services, 0);
  const { id } = await aRecurringTask(services, { schedule: `${due.getUTCMinutes()} * * * *` });
  await wasDueAt(services, id, due);
  await scheduler.runOnce('spawnRecurringTasks');
  const [task] = await services.sql<{ id: string; status: string }>(
    'SELECT id, status FROM tasks WHERE recurring_task_id = $1',
    [id],
  );
  expect(task?.status).toBe('INBOX');
  return task?.id ?? '';
}

describe('a task on a schedule', () => {
  it('goes through the inbox, an agent that falls silent, another agent and the reviewer to DONE', async () => {
    const { services, scheduler } = here;
    await anAgent(services, { name: 'aegis', role: 'reviewer', soulTemplate: 'reviewer' });
    const silent = await anAgent(services);
    const diligent = await anAgent(services);
    const taskId = await aTaskOnSchedule();

    const first = await claimFor(services, silent);
    expect(first.task?.id).toBe(taskId);
    await endLease(services, first.run?.id ?? '');
    await setLastSeen(services, silent.id);
    await scheduler.runOnce('requeueStaleTasks');

    const second = await claimFor(services, diligent);
    expect(second.task?.id).toBe(taskId);
    await completeTask(services, services.admin, { runId: second.run?.id ?? '', resolution: 'All of it' });
    await waitForStatus(services, taskId, 'DONE');
    const types = (await eventsOf(services, taskId))
      .map(({ type }) => type)
      .filter((type) => /^task\.[^_]+ed$/.test(type));
    expect(types).toEqual([
      'task.created',
      'task.claimed',
      'task.requeued',
      'task.assigned',
      'task.claimed',
      'task.completed',
      'task.approved',
    ]);
  });
});
