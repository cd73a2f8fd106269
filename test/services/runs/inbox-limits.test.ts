import { describe, expect, it } from 'vitest';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { requeueStaleTasks } from '../../../src/services/runs/requeue-stale-tasks.js';
import { endLease, setLastSeen } from '../../support/factories/aging.js';
import { claimFor } from '../../support/factories/claims.js';
import { endBackoff } from '../../support/factories/dispatch.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
useServices((made) => {
  services = made;
});

/** A new agent claims the task from the inbox. */
async function claimedByAnother(taskId: string) {
  const agent = await anAgent(services);
  const { task, run } = await claimFor(services, agent);
  expect(task?.id).toBe(taskId);
  return { agent, runId: run?.id ?? '' };
}

const readTask = async (id: string) => (await services.sql('SELECT * FROM tasks WHERE id = $1', [id]))[0];

describe('a task of the inbox that another agent takes each time', () => {
  it('fails at the sixth stall', async () => {
    const { id } = await aTask(services);
    for (let stall = 1; stall <= 6; stall += 1) {
      const { agent, runId } = await claimedByAnother(id);
      await endLease(services, runId);
      await setLastSeen(services, agent.id);
      await requeueStaleTasks(services);
      const status = stall === 6 ? 'FAILED' : 'INBOX';
      expect(await readTask(id)).toMatchObject({ status, stale_requeues: Math.min(stall, 5) });
    }
    expect(await readTask(id)).toMatchObject({ failure_reason: 'STALE_REQUEUES_EXHAUSTED' });
  });

  it('fails at the fifth failed attempt, each with a comment', async () => {
    const { id } = await aTask(services);
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const { runId } = await claimedByAnother(id);
      await failTask(services, services.admin, { runId, error: 'broken' });
      const status = attempt === 5 ? 'FAILED' : 'INBOX';
      expect(await readTask(id)).toMatchObject({ status, dispatch_attempts: attempt });
      await endBackoff(services, id);
    }
    expect(await readTask(id)).toMatchObject({ failure_reason: 'DISPATCH_ATTEMPTS_EXHAUSTED' });
    expect(await services.sql('SELECT id FROM comments WHERE task_id = $1', [id])).toHaveLength(5);
  });
});
