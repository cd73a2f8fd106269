import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { pauseAgent, resumeAgent } from '../../../src/services/agents/pause-agent.js';
import { updateAgent } from '../../../src/services/agents/register-agent.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor, neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;

useTwoProcesses((two) => {
  ({ services, other } = two);
});

describe('a claim', () => {
  it('opens a run with a lease, and answers the stored row', async () => {
    const agent = await anAgent(services);
    const made = await aTask(services);
    const { reason, task, run } = await claimFor(services, agent, { lease: 60_000 });
    expect(reason).toBe('ASSIGNED');
    expect(task).toMatchObject({
      id: made.id,
      status: 'IN_PROGRESS',
      assigneeId: agent.id,
      currentRunId: run?.id,
      runCount: 1,
      version: made.version + 1,
    });
    expect(run).toMatchObject({
      taskId: made.id,
      agentId: agent.id,
      number: 1,
      trigger: 'CLAIM',
      outcome: 'RUNNING',
      leaseMs: 60_000,
    });
    const [stored] = await services.sql(
      `SELECT t.started_at = r.started_at AS begun, lease_expires_at - r.started_at = interval '60 s' AS leased
       FROM tasks t JOIN task_runs r ON r.id = t.current_run_id WHERE t.id = $1`,
      [made.id],
    );
    expect(stored).toEqual({ begun: true, leased: true });
  });

  it('has a lease of ten minutes by default', async () => {
    const agent = await anAgent(services);
    await aTask(services);
    expect((await claimFor(services, agent)).run?.leaseMs).toBe(600_000);
  });

  it('records the model of its session on the run, also when it resumes, until the result names another', async () => {
    const agent = await anAgent(services);
    const task = await aTask(services);
    const { run } = await claimFor(services, agent, { model: 'opus' });
    expect(run?.model).toBe('opus');
    const resumed = await claimFor(services, agent, { resume: true });
    expect(resumed).toMatchObject({ reason: 'CONTINUE_CURRENT', run: { id: run?.id, model: 'opus' } });
    const moved = await claimFor(services, agent, { resume: true, model: 'haiku' });
    expect(moved.run?.model).toBe('haiku');
    const usage = { inputTokens: 1, outputTokens: 1, model: 'sonnet' };
    await completeTask(services, services.admin, { task: { id: task.id }, resolution: 'Done.', usage });
    const stored = await services.sql('SELECT model FROM task_runs WHERE id = $1', [run?.id]);
    expect(stored).toEqual([{ model: 'sonnet' }]);
    expect(await namedRefusalsOf(claimFor(services, agent, { model: 'x'.repeat(501) }))).toEqual([
      'INVALID model',
    ]);
  });

  it('of a paused agent gets no task, and after the pause the waiting task', async () => {
    const agent = await anAgent(services);
    await aTask(services);
    await pauseAgent(services, services.admin, { id: agent.id });
    expect(await claimFor(services, agent)).toMatchObject({ reason: 'AGENT_PAUSED', task: null, run: null });
    await resumeAgent(services, services.admin, { id: agent.id });
    expect((await claimFor(services, agent)).reason).toBe('ASSIGNED');
  });

  it('answers resume with the oldest task that the agent holds, and renews its lease', async () => {
    const agent = await anAgent(services);
    const first = await aClaimedTask(services, agent);
    await aClaimedTask(services, agent);
    await services.sql(
      "UPDATE task_runs SET lease_expires_at = now() - interval '1 h', lease_expiry_noted_at = now()",
    );
    await aTask(services);
    const { reason, task, run } = await claimFor(services, agent, { resume: true, lease: 30_000 });
    expect([reason, task?.id, run?.id]).toEqual(['CONTINUE_CURRENT', first.task.id, first.runId]);
    const [lease] = await services.sql(
      `SELECT lease_ms, lease_expiry_noted_at, lease_expires_at > now() + interval '20 s' AS renewed FROM task_runs WHERE id = $1`,
      [first.runId],
    );
    expect(lease).toEqual({ lease_ms: 30_000, lease_expiry_noted_at: null, renewed: true });
  });

  it('answers resume with a new task if the agent holds none, and with CONTINUE_CURRENT if it is paused or at capacity', async () => {
    const agent = await anAgent(services, { maxCapacity: 1 });
    await aTask(services);
    expect((await claimFor(services, agent, { resume: true })).reason).toBe('ASSIGNED');
    expect((await claimFor(services, agent)).reason).toBe('AT_CAPACITY');
    await pauseAgent(services, services.admin, { id: agent.id });
    expect((await claimFor(services, agent, { resume: true })).reason).toBe('CONTINUE_CURRENT');
  });

  it('is refused for an agent that is not registered', async () => {
    const unknown = [
      { name: 'nobody' },
      { id: 'agt_nobody' },
      { name: 'x\u0000' },
      { id: '\u0000' },
      { name: '' },
    ];
    for (const agent of unknown) {
      expect(await namedRefusalsOf(claimNextTask(services, services.admin, { agent }, neverAborted))).toEqual(
        ['UNKNOWN_AGENT agent'],
      );
    }
  });

  it('is refused unless the key or the request names an agent, and an agent key can name no other agent', async () => {
    const agent = await anAgent(services);
    const stranger = await anAgent(services);
    const key = await aKeyOf(services, agent);
    const claim = (viewer: Viewer, ref: { id?: string; name?: string } | null) =>
      namedRefusalsOf(claimNextTask(services, viewer, { agent: ref }, neverAborted));
    expect(await claim(services.admin, null)).toEqual(['INVALID agent']);
    expect(await claim(key, { name: stranger.name })).toEqual(['FORBIDDEN agent']);
    expect(await claim(key, { id: stranger.id })).toEqual(['FORBIDDEN agent']);
    expect(await claim(key, { name: 'nobody' })).toEqual(['FORBIDDEN agent']);
    for (const ref of [null, { name: agent.name }, { id: agent.id }]) {
      const { reason } = await claimNextTask(services, key, { agent: ref }, neverAborted);
      expect(reason).toBe('NO_TASKS_AVAILABLE');
    }
  });

  it('names every wrong argument at once', async () => {
    const agent = await anAgent(services);
    const wrong = { maxCapacity: 101, lease: 9_999, waitSeconds: 61, idempotencyKey: ' ' };
    expect(await namedRefusalsOf(claimFor(services, agent, wrong))).toEqual([
      'INVALID maxCapacity',
      'INVALID lease',
      'INVALID waitSeconds',
      'INVALID idempotencyKey',
    ]);
  });
});

describe('the capacity of an agent', () => {
  const held = (agent: AgentRow) =>
    services.sql(
      "SELECT count(*)::int AS held FROM tasks WHERE assignee_id = $1 AND status = 'IN_PROGRESS'",
      [agent.id],
    );

  async function manyTasks(count: number): Promise<void> {
    await services.sql(
      "INSERT INTO tasks (id, title, status, tags) SELECT 'task_' || i, 'x', 'INBOX', '{}' FROM generate_series(1, $1) i",
      [count],
    );
  }

  it('is the setting of the agent, or else 1; the argument can lower it, but not raise it', async () => {
    await manyTasks(10);
    const agent = await anAgent(services);
    await services.sql('UPDATE agents SET max_capacity = DEFAULT WHERE id = $1', [agent.id]);
    const reasonOf = async (input = {}) => (await claimFor(services, agent, input)).reason;
    expect([await reasonOf(), await reasonOf()]).toEqual(['ASSIGNED', 'AT_CAPACITY']);
    await updateAgent(services, services.admin, { agent: { id: agent.id }, maxCapacity: 2 });
    expect([await reasonOf(), await reasonOf()]).toEqual(['ASSIGNED', 'AT_CAPACITY']);
    expect(await reasonOf({ maxCapacity: 3 })).toBe('AT_CAPACITY');
    await updateAgent(services, services.admin, { agent: { id: agent.id }, maxCapacity: 3 });
    expect(await reasonOf({ maxCapacity: 2 })).toBe('AT_CAPACITY');
    expect([await reasonOf({ maxCapacity: 3 }), await reasonOf()]).toEqual(['ASSIGNED', 'AT_CAPACITY']);
  });

  it('can be a hundred', async () => {
    await manyTasks(102);
    const agent = await anAgent(services, { maxCapacity: 100 });
    const claims = await Promise.all(Array.from({ length: 102 }, () => claimFor(services, agent)));
    expect(claims.filter(({ reason }) => reason === 'ASSIGNED')).toHaveLength(100);
    expect(await held(agent)).toEqual([{ held: 100 }]);
  });

  it('of 3 is never exceeded by 32 concurrent claims on two processes, ten times in a row', async () => {
    await manyTasks(40);
    for (let round = 0; round < 10; round += 1) {
      const agent = await anAgent(services);
      const claims = await Promise.all(
        Array.from({ length: 32 }, (_, i) => claimFor(i % 2 ? services : other, agent, { maxCapacity: 3 })),
      );
      const reasons = claims.map(({ reason }) => reason);
      expect(reasons.filter((reason) => reason === 'ASSIGNED')).toHaveLength(3);
      expect(reasons.filter((reason) => reason === 'AT_CAPACITY')).toHaveLength(29);
      expect(await held(agent)).toEqual([{ held: 3 }]);
    }
  });
});
