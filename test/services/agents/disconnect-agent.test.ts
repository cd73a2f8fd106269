import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { disconnectAgent } from '../../../src/services/agents/disconnect-agent.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { eventsOf } from '../../support/factories/aging.js';
import { claimFor, clearTasks, neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import { createTestServices, openTestServices, type TestServices } from '../../support/factories/services.js';

let services: TestServices;
let other: TestServices;

beforeAll(async () => {
  services = await createTestServices();
  other = await openTestServices(services.database.connectionString);
});
beforeEach(() => clearTasks(services));
afterAll(async () => {
  await other.close();
  await services.close();
});

const statusOf = async (id: string) =>
  (
    await services.sql<{ announced_status: string }>('SELECT announced_status FROM agents WHERE id = $1', [
      id,
    ])
  )[0]?.announced_status;

describe('an agent that disconnects', () => {
  it('releases its tasks and reviews at once without a counted attempt, and is OFFLINE', async () => {
    const agent = await anAgent(services, { role: 'reviewer' });
    const key = await aKeyOf(services, agent);
    const { task, runId } = await aClaimedTask(services, agent);
    const reviewed = await aTaskIn(services, 'REVIEW', await anAgent(services));
    await claimNextReview(services, key, {}, neverAborted);
    const gone = await disconnectAgent(services, key, null);
    expect(gone).toMatchObject({ id: agent.id, lastSeenAt: null, announcedStatus: 'OFFLINE' });
    const rows = await services.sql(
      'SELECT id, status, dispatch_attempts, stale_requeues, current_run_id FROM tasks ORDER BY number',
    );
    expect(rows).toEqual([
      { id: task.id, status: 'ASSIGNED', dispatch_attempts: 0, stale_requeues: 0, current_run_id: null },
      { id: reviewed.id, status: 'REVIEW', dispatch_attempts: 0, stale_requeues: 0, current_run_id: null },
    ]);
    const [run] = await services.sql('SELECT outcome, error FROM task_runs WHERE id = $1', [runId]);
    expect(run).toEqual({ outcome: 'RELEASED', error: 'The agent disconnected.' });
    expect(await services.sql("SELECT FROM review_runs WHERE outcome = 'RUNNING'")).toEqual([]);
    expect((await eventsOf(services, task.id)).map(({ type }) => type)).toContain('task.requeued');
    expect(await namedRefusalsOf(completeTask(services, key, { runId, resolution: 'late' }))).toEqual([
      'LEASE_LOST runId',
    ]);
    expect((await heartbeat(services, key, {})).lostRuns).toEqual([]);
    expect(await statusOf(agent.id)).toBe('IDLE');
  });

  it('changes nothing the second time', async () => {
    const agent = await anAgent(services);
    await disconnectAgent(services, services.admin, { id: agent.id });
    const count = () => services.sql('SELECT count(*)::int FROM events');
    const before = await count();
    await disconnectAgent(services, services.admin, { id: agent.id });
    expect(await count()).toEqual(before);
  });

  it('learns from its next heartbeat that an operator disconnected it', async () => {
    const agent = await anAgent(services);
    const { runId } = await aClaimedTask(services, agent);
    await disconnectAgent(services, services.admin, { name: agent.name });
    const { lostRuns } = await heartbeat(services, services.admin, { agent: { id: agent.id } });
    expect(lostRuns).toMatchObject([{ id: runId, lostReason: 'An operator disconnected the agent.' }]);
  });

  it('is refused for another agent, and for none', async () => {
    const [agent, another] = [await anAgent(services), await anAgent(services)];
    const key = await aKeyOf(services, agent);
    expect(await namedRefusalsOf(disconnectAgent(services, key, { id: another.id }))).toEqual([
      'FORBIDDEN agent',
    ]);
    expect(await namedRefusalsOf(disconnectAgent(services, services.admin, null))).toEqual(['INVALID agent']);
  });

  it('leaves each run either live or released, even if it claims at the same moment', async () => {
    const agent = await anAgent(services);
    for (let round = 0; round < 12; round += 1) {
      await aTask(services, { assignee: { id: agent.id } });
      const [claim] = await Promise.all([
        claimFor(other, agent),
        disconnectAgent(services, services.admin, { id: agent.id }),
      ]);
      const live = await services.sql<{ id: string }>("SELECT id FROM task_runs WHERE outcome = 'RUNNING'");
      const status = await statusOf(agent.id);
      if (live.length > 0) expect([live[0]?.id, status]).toEqual([claim.run?.id, 'BUSY']);
      await clearTasks(services);
    }
  });
});
