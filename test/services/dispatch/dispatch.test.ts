import { describe, expect, it, vi } from 'vitest';
import type { WaitingReason } from '../../../src/domain/tasks/waiting-reasons.js';
import { pauseAgent, resumeAgent } from '../../../src/services/agents/pause-agent.js';
import { updateAgent } from '../../../src/services/agents/register-agent.js';
import { pauseSchedulerJob, resumeSchedulerJob } from '../../../src/services/ops/scheduler-jobs.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { openTasks, readWaitingOn } from '../../../src/services/tasks/read-tasks.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import { eventsOf } from '../../support/factories/aging.js';
import { aPushAgent, aTaskOf, commentsOf, runsOf, waitForStatus } from '../../support/factories/dispatch.js';
import { aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useDispatch } from '../../support/factories/use-dispatch.js';
import { answered, ScriptedGateway } from '../../support/gateways/scripted-gateway.js';

let gateway: ScriptedGateway;
let here: Process;
let services: TestServices;

const { received } = useDispatch((test) => {
  ({ gateway, here, services } = test);
});

describe('a task assigned to a PUSH agent', () => {
  it('is dispatched with the values of its run, which is stored before the call', async () => {
    await here.start();
    let seen: unknown;
    gateway.script = async (call) => {
      seen = (await services.sql("SELECT * FROM task_runs WHERE outcome = 'RUNNING'"))[0];
      return answered(`done: ${call.agentName}`);
    };
    const agent = await aPushAgent(services, {
      soul: 'Be brief.',
      config: { gateway: 'scripted', timeout: 5_000 },
    });
    const task = await aTaskOf(services, agent, { title: 'Debug it', priority: 'HIGH' });
    await waitForStatus(services, task.id, 'REVIEW');
    expect(gateway.last().call).toMatchObject({
      idempotencyKey: `mc-${task.id}-1`,
      agentName: agent.name,
      gatewayAgentId: null,
      soul: 'Be brief.',
      model: 'opus',
      timeoutMs: 5_000,
      prompt: expect.stringContaining('Debug it'),
    });
    expect(seen).toMatchObject({
      task_id: task.id,
      agent_id: agent.id,
      number: 1,
      trigger: 'DISPATCH',
      model: 'opus',
      model_tier: 'COMPLEX',
      model_signals: ['debug'],
      gateway: 'scripted',
      idempotency_key: `mc-${task.id}-1`,
      prompt: gateway.last().call.prompt,
      lease_ms: 30_000,
    });
  });

  it('goes to REVIEW with the answer, its usage, and a comment by the agent', async () => {
    await here.start();
    const usage = { inputTokens: 10, outputTokens: 2, costUsd: 0.01 };
    gateway.script = () => ({ outcome: 'ANSWERED', text: 'The result.', usage, model: 'haiku-5' });
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    expect(await waitForStatus(services, task.id, 'REVIEW')).toMatchObject({
      resolution: 'The result.',
      dispatch_attempts: 0,
      review_round: 1,
      current_run_id: null,
      started_at: expect.any(Date),
    });
    expect(await runsOf(services, task.id)).toMatchObject([
      {
        outcome: 'SUCCEEDED',
        output: 'The result.',
        input_tokens: 10,
        output_tokens: 2,
        cost_usd: 0.01,
        model: 'haiku-5',
      },
    ]);
    expect(await commentsOf(services, task.id)).toEqual([{ body: 'The result.', author_agent_id: agent.id }]);
    expect((await eventsOf(services, task.id)).map(({ type }) => type)).toEqual([
      'task.created',
      'task.assigned',
      'task.claimed',
      'run.started',
      'run.succeeded',
      'task.completed',
      'review.requested',
      'task.comment_added',
    ]);
  });

  it('is DONE at once if its review policy is SKIP', async () => {
    await here.start();
    gateway.script = () => answered('done');
    const task = await aTaskOf(services, await aPushAgent(services), { reviewPolicy: 'SKIP' });
    expect(await waitForStatus(services, task.id, 'DONE')).toMatchObject({ unreviewed: true });
  });

  it('stores 100,000 characters of an answer and marks the cut', async () => {
    await here.start();
    gateway.script = () => answered(`a\u0000b\ud800${'x'.repeat(200_000)}`);
    const task = await aTaskOf(services, await aPushAgent(services));
    const { resolution } = await waitForStatus(services, task.id, 'REVIEW');
    expect(resolution).toHaveLength(100_000);
    expect(resolution).toMatch(
      /^a\uFFFDb\uFFFDx+\n\n\(Truncated: the answer had 200004 characters, of which 100000 are kept\.\)$/,
    );
    const [comment] = await commentsOf(services, task.id);
    expect(comment?.body).toMatch(/Truncated: the answer had 200004 characters/);
    expect(comment?.body.length).toBeLessThan(2_300);
  });

  it('updates the last sighting of its agent, which is BUSY during the call', async () => {
    await here.start();
    const agent = await aPushAgent(services);
    await services.sql('UPDATE agents SET last_seen_at = NULL');
    await aTaskOf(services, agent);
    await received(1);
    expect((await services.sql('SELECT announced_status, last_seen_at FROM agents'))[0]).toEqual({
      announced_status: 'BUSY',
      last_seen_at: expect.any(Date),
    });
    gateway.last().answer(answered('done'));
    await vi.waitFor(
      async () =>
        expect((await services.sql('SELECT announced_status FROM agents'))[0]).toEqual({
          announced_status: 'IDLE',
        }),
      20_000,
    );
  });

  it('has in its prompt the results of its dependencies and the feedback of all earlier reviews', async () => {
    await here.start();
    gateway.script = () => answered('the work');
    const agent = await aPushAgent(services);
    const input = await aTaskOf(services, agent, { reviewPolicy: 'SKIP', title: 'First' });
    const task = await aTaskOf(services, agent, { dependsOn: [{ id: input.id }] });
    for (const round of [1, 2]) {
      await waitForStatus(services, task.id, 'REVIEW');
      const feedback = `Round ${round}, line 1\nRound ${round}, line 2`;
      await submitVerdict(services, services.admin, { task: { id: task.id }, verdict: 'REJECTED', feedback });
      await vi.waitFor(async () => expect(await runsOf(services, task.id)).toHaveLength(round + 1), 20_000);
    }
    await waitForStatus(services, task.id, 'REVIEW');
    const { prompt } = gateway.last().call;
    expect(prompt).toContain(`### TASK-${input.number}: First\n\n\`\`\`text\nthe work\n\`\`\``);
    for (const line of ['Round 1, line 1\nRound 1, line 2', 'Round 2, line 1\nRound 2, line 2'])
      expect(prompt).toContain(line);
    expect(gateway.calls.map(({ call }) => call.idempotencyKey)).toEqual([
      `mc-${input.id}-1`,
      `mc-${task.id}-1`,
      `mc-${task.id}-2`,
      `mc-${task.id}-3`,
    ]);
  });
});

describe('dispatch skips', () => {
  it('tasks of PULL agents, and tasks that wait for a start or a dependency', async () => {
    const pull = await aPushAgent(services, { delivery: 'PULL' });
    const push = await aPushAgent(services, { acceptsInbox: false });
    await aTaskOf(services, pull);
    const open = await aTask(services);
    await aTaskOf(services, push, { dependsOn: [{ id: open.id }] });
    await aTaskOf(services, push, { startsAt: new Date('2999-01-01') });
    expect(await here.scheduler.runOnce('dispatchAssignedTasks')).toBe(0);
    expect(gateway.calls).toEqual([]);
  });

  it('tasks of a paused agent, until it is resumed', async () => {
    await here.start();
    const agent = await aPushAgent(services);
    await pauseAgent(services, services.admin, { id: agent.id });
    await aTaskOf(services, agent);
    expect(await here.scheduler.runOnce('dispatchAssignedTasks')).toBe(0);
    await resumeAgent(services, services.admin, { id: agent.id });
    await received(1);
  });

  it('all tasks while the job is paused', async () => {
    await here.start();
    await pauseSchedulerJob(services, services.admin, 'dispatchAssignedTasks');
    // A job run that began before the pause may not have ended: this one ends after it.
    expect(await here.scheduler.runOnce('dispatchAssignedTasks')).toBe(0);
    const task = await aTaskOf(services, await aPushAgent(services));
    const other = await aTask(services);
    await here.scheduler.runOnce('markAgentsOffline');
    expect([gateway.calls.length, other.status, task.status]).toEqual([0, 'INBOX', 'ASSIGNED']);
    await resumeSchedulerJob(services, services.admin, 'dispatchAssignedTasks');
    await received(1);
  });

  it('tasks beyond the capacity of the agent', async () => {
    const agent = await aPushAgent(services, { maxCapacity: 2 });
    for (let i = 0; i < 4; i += 1) await aTaskOf(services, agent);
    expect(await here.scheduler.runOnce('dispatchAssignedTasks')).toBe(2);
    expect(await here.scheduler.runOnce('dispatchAssignedTasks')).toBe(0);
    expect(gateway.calls).toHaveLength(2);
  });

  it('tasks without a gateway in this process; this is logged once, and ends when the agent names a gateway', async () => {
    await here.start();
    const agent = await aPushAgent(services);
    await services.sql("UPDATE agents SET gateway = 'nowhere' WHERE id = $1", [agent.id]);
    const task = await aTaskOf(services, agent);
    for (let turn = 0; turn < 3; turn += 1)
      expect(await here.scheduler.runOnce('dispatchAssignedTasks')).toBe(0);
    const told = services.signals.filter(({ name }) => name === 'dispatch.no_gateway');
    expect(told.map(({ message }) => message)).toEqual([
      `Tasks of ${agent.name} wait: this server has no gateway nowhere`,
    ]);
    expect(await runsOf(services, task.id)).toEqual([]);
    await updateAgent(services, services.admin, {
      agent: { id: agent.id },
      config: { gateway: 'scripted' },
    });
    await received(1);
  });
});

describe('the order of dispatch', () => {
  it('is the queue order for the tasks of one agent', async () => {
    await here.start();
    gateway.script = () => answered('done');
    const agent = await aPushAgent(services);
    await pauseAgent(services, services.admin, { id: agent.id });
    const low = await aTaskOf(services, agent, { priority: 'LOW' });
    const critical = await aTaskOf(services, agent, { priority: 'CRITICAL' });
    const due = await aTaskOf(services, agent, { priority: 'LOW', dueAt: new Date('2030-01-01') });
    await resumeAgent(services, services.admin, { id: agent.id });
    await received(3);
    expect(gateway.calls.map(({ call }) => call.idempotencyKey)).toEqual(
      [critical, due, low].map(({ id }) => `mc-${id}-1`),
    );
  });

  it('leaves room within the share of a gateway, and names the reason of what waits for a slot', async () => {
    const other = new ScriptedGateway('other');
    const gateways = [gateway, other];
    const there = await aProcess(services.database.connectionString, { gateways });
    try {
      await aPushAgent(there.services, { config: { gateway: 'other' } });
      const snail = await aPushAgent(there.services, { maxCapacity: 100 });
      const hare = await aPushAgent(there.services, { maxCapacity: 100 });
      const slow: TaskRow[] = [];
      for (let index = 0; index < 20; index += 1) slow.push(await aTaskOf(there.services, snail));
      expect(await there.scheduler.runOnce('dispatchAssignedTasks')).toBe(4);
      const urgent = await aTaskOf(there.services, hare, { priority: 'CRITICAL' });
      expect(await there.scheduler.runOnce('dispatchAssignedTasks')).toBe(1);
      await waitForStatus(there.services, urgent.id, 'IN_PROGRESS');
      const ids = [slow[0]?.id ?? '', slow[19]?.id ?? '', urgent.id];
      const waits = await readWaitingOn(there.services, ids);
      expect(ids.map((id) => waits.get(id)?.reasons)).toEqual([[], ['NO_FREE_SLOT'], []]);
      const next = await aTaskOf(there.services, hare);
      const nextWaits = await readWaitingOn(there.services, [next.id]);
      expect(nextWaits.get(next.id)?.reasons).toEqual(['WAITING_FOR_CLAIM']);
      const count = (reason: WaitingReason) =>
        openTasks(there.services, there.services.admin, {
          filter: { waitingOn: [reason] },
          columns: { task: ['id'], assignee: null },
        }).count();
      expect(await count('NO_FREE_SLOT')).toBe(16);
      expect(await count('WAITING_FOR_CLAIM')).toBe(1);
    } finally {
      await there.close();
    }
  });

  it('gives an agent whose calls hang at most three quarters of the slots while others wait', async () => {
    await here.start();
    const stuck = await aPushAgent(services, { maxCapacity: 100 });
    const lively = await aPushAgent(services);
    for (let i = 0; i < 20; i += 1) await aTaskOf(services, stuck);
    await received(6);
    gateway.script = () => answered('done');
    for (let i = 0; i < 5; i += 1) {
      const task = await aTaskOf(services, lively);
      await waitForStatus(services, task.id, 'REVIEW');
    }
    expect(await services.sql("SELECT FROM tasks WHERE status = 'IN_PROGRESS'")).toHaveLength(6);
  });
});
