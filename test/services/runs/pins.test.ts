import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { markAgentsOffline } from '../../../src/services/agents/mark-agents-offline.js';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { updateAgent } from '../../../src/services/agents/register-agent.js';
import { fireRecurringTask } from '../../../src/services/recurring/fire-recurring-task.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { requeueStaleTasks } from '../../../src/services/runs/requeue-stale-tasks.js';
import { returnAbandonedTasks } from '../../../src/services/runs/return-abandoned-tasks.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor, clearTasks } from '../../support/factories/claims.js';
import { aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { aPipelineRun, step } from '../../support/factories/pipelines.js';
import { aRecurringTask } from '../../support/factories/recurring.js';
import { createTestServices, openTestServices, type TestServices } from '../../support/factories/services.js';

let services: TestServices;
let other: TestServices;
let ann: AgentRow;
let bob: AgentRow;

beforeAll(async () => {
  services = await createTestServices();
  other = await openTestServices(services.database.connectionString);
});
beforeEach(async () => {
  await clearTasks(services);
  await services.sql('UPDATE agents SET paused_at = now()');
  ann = await anAgent(services);
  bob = await anAgent(services);
});
afterAll(async () => {
  await other.close();
  await services.close();
});

/** A task that the agent has taken from the inbox. */
async function takenFromInbox(agent: AgentRow) {
  const { id } = await aTask(services);
  const { task, run } = await claimFor(services, agent);
  expect(task).toMatchObject({ id, pinned: false });
  return { id, runId: run?.id ?? '' };
}

const release = (runId: string, more = {}) => releaseTask(services, services.admin, { runId, ...more });
const claimedBy = async (agent: AgentRow) => (await claimFor(services, agent)).task?.id ?? null;
const silence = (agent: AgentRow) =>
  services.sql("UPDATE agents SET last_seen_at = now() - interval '11 min' WHERE id = $1", [agent.id]);
const endLease = (runId: string) =>
  services.sql(
    "UPDATE task_runs SET lease_expires_at = now() - interval '1 s', started_at = now() - interval '1 h' WHERE id = $1",
    [runId],
  );

describe('a task that was taken from the inbox', () => {
  it('goes back to the inbox when it is released, and to another agent', async () => {
    const { id, runId } = await takenFromInbox(ann);
    expect(await release(runId)).toMatchObject({ status: 'INBOX', assigneeId: null, pinned: false });
    expect(await claimedBy(ann)).toBeNull();
    expect(await claimedBy(bob)).toBe(id);
  });

  it.each([
    ['is paused', () => pauseAgent(services, services.admin, { id: bob.id })],
    ['is offline', () => silence(bob)],
    [
      'does not accept tasks of the inbox',
      () => updateAgent(services, services.admin, { agent: { id: bob.id }, acceptsInbox: false }),
    ],
    [
      'is sent work by a gateway that the server does not have',
      () =>
        updateAgent(services, services.admin, {
          agent: { id: bob.id },
          delivery: 'PUSH',
          config: { gateway: null },
        }),
    ],
  ])('goes back to the agent that released it when the only other one %s', async (_what, remove) => {
    const { id, runId } = await takenFromInbox(ann);
    await release(runId);
    await remove();
    expect(await claimedBy(ann)).toBe(id);
  });

  it('goes to an agent that has released it once each other one has', async () => {
    const { id, runId } = await takenFromInbox(ann);
    await release(runId);
    const { run } = await claimFor(services, bob);
    await release(run?.id ?? '');
    expect(await claimedBy(ann)).toBe(id);
  });

  it('is handed to one of two agents that ask two servers at the moment of its release', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id, runId } = await takenFromInbox(ann);
      const [, early, again] = await Promise.all([
        release(runId),
        claimFor(services, bob),
        claimFor(other, ann),
      ]);
      expect(again.task).toBeNull();
      const claim = early.task === null ? await claimFor(services, bob) : early;
      expect(claim.task?.id).toBe(id);
      await completeTask(services, services.admin, { runId: claim.run?.id, resolution: 'done' });
    }
  });

  it('goes to the inbox when its agent falls silent, and another agent gets it', async () => {
    const { id, runId } = await takenFromInbox(ann);
    await endLease(runId);
    await silence(ann);
    await requeueStaleTasks(services);
    const [comment] = await services.sql<{ body: string }>('SELECT body FROM comments WHERE task_id = $1', [
      id,
    ]);
    expect(comment?.body).toContain('the task is back in the inbox');
    expect(await claimedBy(bob)).toBe(id);
  });

  it('goes to the inbox when an attempt fails, and is handed out after the backoff', async () => {
    const { id, runId } = await takenFromInbox(ann);
    const failed = await failTask(services, services.admin, { runId, error: 'broken' });
    expect(failed).toMatchObject({ status: 'INBOX', assigneeId: null, dispatchAttempts: 1 });
    expect(await claimedBy(bob)).toBeNull();
    await services.sql("UPDATE tasks SET not_before = now() - interval '1 s' WHERE id = $1", [id]);
    expect(await claimedBy(bob)).toBe(id);
  });

  it('goes to the inbox when it is retried after its end', async () => {
    const { id, runId } = await takenFromInbox(ann);
    await failTask(services, services.admin, { runId, error: 'broken', retry: false });
    expect(await retryTask(services, services.admin, { task: { id } })).toMatchObject({
      status: 'INBOX',
      assigneeId: null,
    });
  });

  it('says in the log that it has no assignee any more', async () => {
    const { id, runId } = await takenFromInbox(ann);
    await release(runId);
    const events = await services.sql(
      "SELECT payload FROM events WHERE task_id = $1 AND type = 'task.assigned'",
      [id],
    );
    expect(events).toEqual([{ payload: { assigneeId: null, previousAssigneeId: ann.id } }]);
  });
});

describe('rejected work of a task that was taken from the inbox', () => {
  async function rejected() {
    const { id, runId } = await takenFromInbox(ann);
    await completeTask(services, services.admin, { runId, resolution: 'done' });
    const verdict = { task: { id }, verdict: 'REJECTED', feedback: 'again' } as const;
    const { task } = await submitVerdict(services, services.admin, verdict);
    expect(task).toMatchObject({ status: 'ASSIGNED', assigneeId: ann.id, pinned: false });
    return id;
  }

  it('waits for the agent that knows it', async () => {
    const id = await rejected();
    expect(await returnAbandonedTasks(services)).toBe(0);
    expect(await claimedBy(bob)).toBeNull();
    expect(await claimedBy(ann)).toBe(id);
  });

  it('goes to the inbox once that agent is silent for longer than the agent timeout', async () => {
    const id = await rejected();
    await silence(ann);
    expect(await Promise.all([returnAbandonedTasks(services), returnAbandonedTasks(other)])).toContain(1);
    expect(await claimedBy(bob)).toBe(id);
  });

  it('goes to the inbox when that agent releases it', async () => {
    const id = await rejected();
    const { run } = await claimFor(services, ann);
    await release(run?.id ?? '');
    expect(await claimedBy(bob)).toBe(id);
  });
});

describe('a task whose assignee was named', () => {
  async function pinnedAndClaimed() {
    const { id } = await aTask(services, { assignee: { id: ann.id } });
    const { task, run } = await claimFor(services, ann);
    expect(task).toMatchObject({ id, pinned: true });
    return { id, runId: run?.id ?? '' };
  }

  it('goes back to that agent when it is released', async () => {
    const { id, runId } = await pinnedAndClaimed();
    expect(await release(runId)).toMatchObject({ status: 'ASSIGNED', assigneeId: ann.id });
    expect([await claimedBy(bob), await claimedBy(ann)]).toEqual([null, id]);
  });

  it('waits for that agent after a stall, and an event says that it is offline', async () => {
    const { id, runId } = await pinnedAndClaimed();
    await endLease(runId);
    await silence(ann);
    await requeueStaleTasks(services);
    const [event] = await services.sql(
      "SELECT agent_id, payload FROM events WHERE task_id = $1 AND type = 'task.assignee_offline'",
      [id],
    );
    expect(event).toEqual({
      agent_id: ann.id,
      payload: { reason: expect.stringContaining(`waits for ${ann.name}, which is offline`) },
    });
    expect(await claimedBy(bob)).toBeNull();
  });

  it('is pinned by its creator, by a follow-up, by a template and by a pipeline step', async () => {
    const assignee = { name: bob.name };
    const { runId } = await takenFromInbox(ann);
    const input = { runId, resolution: 'done', followUps: [{ title: 'Next', assignee }] };
    const { followUps } = await completeTask(services, await aKeyOf(services, ann), input);
    const { id } = await aRecurringTask(services, { template: { assignee } });
    const { taskIds } = await aPipelineRun(services, [step('a', [], { template: { assignee } }), step('b')]);
    const [created, fired] = [
      await aTask(services, { assignee }),
      await fireRecurringTask(services, services.admin, id),
    ];
    expect([created, followUps[0], fired.task]).toMatchObject(Array(3).fill({ pinned: true }));
    const steps = await services.sql('SELECT pinned FROM tasks WHERE id = ANY($1) ORDER BY number', [
      [...taskIds.values()],
    ]);
    expect(steps).toEqual([{ pinned: true }, { pinned: false }]);
  });

  it('gets its pin from a person and loses it with its assignee', async () => {
    const { id } = await aTask(services);
    const assign = (assignee: AgentRow | null) =>
      assignTask(services, services.admin, { task: { id }, assignee: assignee && { id: assignee.id } });
    expect(await assign(ann)).toMatchObject({ status: 'ASSIGNED', pinned: true });
    expect(await assign(null)).toMatchObject({ status: 'INBOX', pinned: false });
  });

  it('can be pinned by a person while it waits for its agent without a pin', async () => {
    const { id, runId } = await takenFromInbox(ann);
    await completeTask(services, services.admin, { runId, resolution: 'done' });
    await submitVerdict(services, services.admin, { task: { id }, verdict: 'REJECTED', feedback: 'again' });
    const pinned = { task: { id }, assignee: { id: ann.id } };
    expect(await assignTask(services, services.admin, pinned)).toMatchObject({ pinned: true });
    await silence(ann);
    expect(await returnAbandonedTasks(services)).toBe(0);
  });
});

describe('an agent that passes its task on', () => {
  it('leaves it to another agent, although it was assigned to it by name', async () => {
    const { id } = await aTask(services, { assignee: { id: ann.id } });
    const { run } = await claimFor(services, ann);
    const viewer = await aKeyOf(services, ann);
    const input = { runId: run?.id ?? '', pass: true };
    expect(await releaseTask(services, viewer, input)).toMatchObject({ status: 'INBOX', assigneeId: null });
    expect([await claimedBy(ann), await claimedBy(bob)]).toEqual([null, id]);
  });

  it('can name the agent, which then is its assignee', async () => {
    const { id, runId } = await takenFromInbox(ann);
    const passed = await release(runId, { pass: true, to: { name: bob.name } });
    expect(passed).toMatchObject({ status: 'ASSIGNED', assigneeId: bob.id, pinned: true });
    expect(await claimedBy(bob)).toBe(id);
  });

  it('can neither pass it to itself nor name an agent without passing it', async () => {
    const { runId } = await takenFromInbox(ann);
    await expect(release(runId, { pass: true, to: { id: ann.id } })).rejects.toMatchObject({
      code: 'INVALID',
    });
    await expect(release(runId, { to: { id: bob.id } })).rejects.toMatchObject({ code: 'INVALID' });
  });
});

describe('a long lease of an agent that falls silent', () => {
  it('is honoured, and the log says that the agent is offline and until when it holds the task', async () => {
    const { id } = await aTask(services);
    const { run } = await claimFor(services, ann, { lease: 3_600_000 });
    await silence(ann);
    await markAgentsOffline(services);
    await requeueStaleTasks(services);
    const [task] = await services.sql('SELECT status, current_run_id FROM tasks WHERE id = $1', [id]);
    expect(task).toEqual({ status: 'IN_PROGRESS', current_run_id: run?.id });
    const [event] = await services.sql<{ payload: { reason: string } }>(
      "SELECT payload FROM events WHERE task_id = $1 AND type = 'task.assignee_offline'",
      [id],
    );
    expect(event?.payload.reason).toContain(`until its lease ends at ${run?.leaseExpiresAt?.toISOString()}`);
  });
});
