import { describe, expect, it, vi } from 'vitest';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { Process } from '../../scheduler/job-process.js';
import {
  aPushAgent,
  aTaskOf,
  commentsOf,
  endBackoff,
  runsOf,
  waitForStatus,
} from '../../support/factories/dispatch.js';
import { anAgent } from '../../support/factories/factory.js';
import { refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useDispatch } from '../../support/factories/use-dispatch.js';
import { answered, type ScriptedGateway } from '../../support/gateways/scripted-gateway.js';

/** The first backoff is at least half of this: no test is slow enough to see it end. */
const BACKOFF_MS = 240_000;

let gateway: ScriptedGateway;
let here: Process;
let services: TestServices;

const { received } = useDispatch(
  (test) => {
    ({ gateway, here, services } = test);
  },
  { dispatch: { concurrency: 8, timeoutMs: 60_000, backoffMs: BACKOFF_MS } },
);

describe('an attempt that fails', () => {
  it.each([
    [{ outcome: 'FAILED', error: 'provider said 500', permanent: false }, 'FAILED', 'provider said 500'],
    [{ outcome: 'TIMED_OUT', error: 'no answer in time' }, 'TIMED_OUT', 'no answer in time'],
    [answered(' \n'), 'FAILED', 'The answer was empty.'],
    [{ outcome: 'ABORTED' }, 'FAILED', 'The run was ended at the gateway scripted.'],
  ] as const)('is counted, logged and retried after a backoff: %j', async (answer, outcome, error) => {
    gateway.script = () => answer;
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await here.scheduler.runOnce('dispatchAssignedTasks');
    const row = await waitForStatus(services, task.id, 'ASSIGNED');
    expect(row).toMatchObject({ dispatch_attempts: 1, stale_requeues: 0, assignee_id: agent.id });
    const waits = await services.sql<{ ms: number }>(
      'SELECT (extract(epoch FROM backoff_until - updated_at) * 1000)::float8 AS ms FROM tasks WHERE not_before = backoff_until',
    );
    expect(waits[0]!.ms).toBeGreaterThanOrEqual(BACKOFF_MS / 2);
    expect(waits[0]!.ms).toBeLessThanOrEqual(BACKOFF_MS);
    expect(await runsOf(services, task.id)).toMatchObject([{ outcome, error }]);
    const told = await services.sql("SELECT type FROM events WHERE type IN ('run.failed', 'run.timed_out')");
    expect(told).toEqual([{ type: outcome === 'TIMED_OUT' ? 'run.timed_out' : 'run.failed' }]);
    expect((await commentsOf(services, task.id))[0]).toEqual({
      body: expect.stringMatching(`^Attempt 1 of 5 failed: ${error}`),
      author_agent_id: null,
    });
    expect(await here.scheduler.runOnce('dispatchAssignedTasks')).toBe(0);
    gateway.script = () => answered('at last');
    await endBackoff(services, task.id);
    expect(await here.scheduler.runOnce('dispatchAssignedTasks')).toBe(1);
    expect(await waitForStatus(services, task.id, 'REVIEW')).toMatchObject({ dispatch_attempts: 0 });
  });

  it('fails the task at the fifth failure, and retryTask resets the count', async () => {
    gateway.script = () => ({ outcome: 'FAILED', error: 'broken', permanent: false });
    const task = await aTaskOf(services, await aPushAgent(services));
    for (let attempt = 1; attempt < 5; attempt += 1) {
      await here.scheduler.runOnce('dispatchAssignedTasks');
      expect(await waitForStatus(services, task.id, 'ASSIGNED')).toMatchObject({
        dispatch_attempts: attempt,
      });
      await endBackoff(services, task.id);
    }
    await here.scheduler.runOnce('dispatchAssignedTasks');
    expect(await waitForStatus(services, task.id, 'FAILED')).toMatchObject({
      failure_reason: 'DISPATCH_ATTEMPTS_EXHAUSTED',
      failure_detail: 'broken',
      dispatch_attempts: 5,
    });
    expect(await commentsOf(services, task.id)).toHaveLength(5);
    await retryTask(services, services.admin, { task: { id: task.id } });
    await here.scheduler.runOnce('dispatchAssignedTasks');
    expect(await waitForStatus(services, task.id, 'ASSIGNED')).toMatchObject({ dispatch_attempts: 1 });
    expect((await runsOf(services, task.id)).map((run) => run.idempotency_key)).toContain(`mc-${task.id}-6`);
  });

  it('fails the task at once when the failure is permanent, with the gateway’s error; the agent is in ERROR until a call succeeds', async () => {
    gateway.script = () => ({ outcome: 'FAILED', error: 'unknown agent id "scout"', permanent: true });
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await here.scheduler.runOnce('dispatchAssignedTasks');
    expect(await waitForStatus(services, task.id, 'FAILED')).toMatchObject({
      failure_reason: 'GATEWAY_REFUSED',
      failure_detail: 'unknown agent id "scout"',
    });
    const status = () => services.sql('SELECT announced_status, error_at IS NOT NULL AS refused FROM agents');
    expect(await status()).toEqual([{ announced_status: 'ERROR', refused: true }]);
    gateway.script = () => answered('done');
    const next = await aTaskOf(services, agent);
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await waitForStatus(services, next.id, 'REVIEW');
    expect(await status()).toEqual([{ announced_status: 'IDLE', refused: false }]);
  });

  it('does not delay other tasks of the agent', async () => {
    await here.start();
    gateway.script = ({ prompt }) =>
      prompt.includes('Poison') ? { outcome: 'FAILED', error: 'no', permanent: false } : answered('done');
    const agent = await aPushAgent(services);
    const poison = await aTaskOf(services, agent, { title: 'Poison', priority: 'CRITICAL' });
    const good = await aTaskOf(services, agent);
    await waitForStatus(services, good.id, 'REVIEW');
    expect(await waitForStatus(services, poison.id, 'ASSIGNED')).toMatchObject({ dispatch_attempts: 1 });
  });
});

describe('a gateway that accepts no call', () => {
  it('costs no attempt: its tasks wait until it is reachable, and tasks of other gateways are dispatched', async () => {
    await here.start();
    gateway.reach = { reachable: false, error: 'connection refused' };
    gateway.script = () => ({ outcome: 'NOT_BEGUN', error: 'connection refused', retryAfterMs: null });
    const agent = await aPushAgent(services, { maxCapacity: 100 });
    const tasks = await Promise.all(Array.from({ length: 20 }, () => aTaskOf(services, agent)));
    await vi.waitFor(() => expect(gateway.probes).toBeGreaterThan(2), 20_000);
    expect(gateway.calls.length).toBeLessThanOrEqual(8);
    // The first calls may not be settled yet.
    await vi.waitFor(
      async () =>
        expect(
          await services.sql('SELECT status, dispatch_attempts, count(*)::int FROM tasks GROUP BY 1, 2'),
        ).toEqual([{ status: 'ASSIGNED', dispatch_attempts: 0, count: 20 }]),
      20_000,
    );
    expect(await services.sql("SELECT FROM task_runs WHERE outcome <> 'RELEASED'")).toEqual([]);
    expect(await services.sql('SELECT FROM comments')).toEqual([]);
    gateway.script = () => answered('done');
    gateway.reach = { reachable: true, error: null };
    for (const task of tasks) await waitForStatus(services, task.id, 'REVIEW');
  });
});

describe('an open run', () => {
  it('is aborted when an operator cancels the task; a late answer is stored and changes nothing', async () => {
    await here.start();
    gateway.respondsToAborts = false;
    const task = await aTaskOf(services, await aPushAgent(services));
    await received(1);
    await cancelTask(services, services.admin, { task: { id: task.id } });
    await vi.waitFor(() => expect(gateway.last().signal.aborted).toBe(true), 20_000);
    gateway.last().answer(answered('too late'));
    await vi.waitFor(
      async () =>
        expect(await runsOf(services, task.id)).toMatchObject([{ outcome: 'CANCELLED', output: 'too late' }]),
      20_000,
    );
    expect(await waitForStatus(services, task.id, 'CANCELLED')).toMatchObject({ resolution: null });
  });

  it('is aborted when an operator completes the task', async () => {
    await here.start();
    const task = await aTaskOf(services, await aPushAgent(services));
    await received(1);
    await completeTask(services, services.admin, { task: { id: task.id }, resolution: 'by hand' });
    await vi.waitFor(() => expect(gateway.last().signal.aborted).toBe(true), 20_000);
    expect(await waitForStatus(services, task.id, 'REVIEW')).toMatchObject({ resolution: 'by hand' });
  });

  it('is aborted without a counted attempt when an operator assigns another agent, and not for the same agent or none', async () => {
    await here.start();
    gateway.respondsToAborts = false;
    const [agent, another] = [await aPushAgent(services), await anAgent(services)];
    const task = await aTaskOf(services, agent);
    await received(1);
    const assign = (assignee: { id: string } | null) =>
      assignTask(services, services.admin, { task: { id: task.id }, assignee });
    expect(await assign({ id: agent.id })).toMatchObject({ status: 'IN_PROGRESS' });
    expect(await refusalOf(assign(null))).toMatchObject({ code: 'INVALID_TRANSITION', to: 'INBOX' });
    expect(gateway.last().signal.aborted).toBe(false);

    expect(await assign({ id: another.id })).toMatchObject({ status: 'ASSIGNED', assigneeId: another.id });
    await vi.waitFor(() => expect(gateway.last().signal.aborted).toBe(true), 20_000);
    gateway.last().answer(answered('too late'));
    await vi.waitFor(
      async () =>
        expect(await runsOf(services, task.id)).toMatchObject([{ outcome: 'CANCELLED', output: 'too late' }]),
      20_000,
    );
    expect(await waitForStatus(services, task.id, 'ASSIGNED')).toMatchObject({
      resolution: null,
      dispatch_attempts: 0,
    });
    expect(await services.sql('SELECT announced_status FROM agents WHERE id = $1', [agent.id])).toEqual([
      { announced_status: 'IDLE' },
    ]);
  });

  it('is released without a counted attempt when the server stops', async () => {
    await here.start();
    const task = await aTaskOf(services, await aPushAgent(services));
    await received(1);
    await here.scheduler.stop();
    await here.dispatcher.stop();
    expect(gateway.last().signal.aborted).toBe(true);
    expect(await waitForStatus(services, task.id, 'ASSIGNED')).toMatchObject({ dispatch_attempts: 0 });
    expect(await runsOf(services, task.id)).toMatchObject([{ outcome: 'RELEASED' }]);
  });
});
