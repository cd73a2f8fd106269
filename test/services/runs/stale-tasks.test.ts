import { describe, expect, it } from 'vitest';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { requeueStaleTasks } from '../../../src/services/runs/requeue-stale-tasks.js';
import { aStaleTask, endLease, eventsOf, setLastSeen } from '../../support/factories/aging.js';
import { neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
useServices((made) => {
  services = made;
});

const readTask = async (id: string) => (await services.sql('SELECT * FROM tasks WHERE id = $1', [id]))[0]!;
const readRun = async (id: string) => (await services.sql('SELECT * FROM task_runs WHERE id = $1', [id]))[0]!;
const commentsOf = (id: string) =>
  services.sql<{ body: string }>(
    'SELECT body, author_key_id, author_agent_id FROM comments WHERE task_id = $1 ORDER BY created_at',
    [id],
  );

describe('a task whose lease has ended and whose agent is offline', () => {
  it('returns to its assignee, with a comment by the system that explains the stall', async () => {
    const { agent, task, runId } = await aStaleTask(services);
    const { handled } = await requeueStaleTasks(services);
    expect(handled).toBe(1);
    expect(await readTask(task.id)).toMatchObject({
      status: 'ASSIGNED',
      assignee_id: agent.id,
      current_run_id: null,
      stale_requeues: 1,
      dispatch_attempts: 0,
      version: task.version + 1,
    });
    expect(await readRun(runId)).toMatchObject({ outcome: 'REQUEUED', lease_expires_at: null });
    const comments = await commentsOf(task.id);
    expect(comments).toEqual([{ body: expect.any(String), author_key_id: null, author_agent_id: null }]);
    expect(comments[0]!.body).toMatch(
      new RegExp(`^${agent.name} has been silent since .+Z, and its lease ended at .+Z\\. Requeue 1 of 5: `),
    );
  });

  it('writes the events of task, run and agent in one transaction', async () => {
    const { agent, task, runId } = await aStaleTask(services);
    await requeueStaleTasks(services);
    const [requeued] = await eventsOf(services, task.id, ['task.requeued']);
    expect(requeued).toMatchObject({
      run_id: runId,
      agent_id: agent.id,
      payload: { from: 'IN_PROGRESS', to: 'ASSIGNED', reason: expect.stringContaining('Requeue 1 of 5') },
    });
    const together = await services.sql<{ type: string; payload: object }>(
      `SELECT type, payload FROM events WHERE at = (SELECT at FROM events WHERE task_id = $1 AND type = 'task.requeued') ORDER BY id`,
      [task.id],
    );
    expect(together.map(({ type }) => type)).toEqual([
      'run.requeued',
      'task.requeued',
      'task.comment_added',
      'task.assignee_offline',
      'agent.status_changed',
    ]);
    expect(together.at(-1)?.payload).toEqual({ from: 'BUSY', to: 'OFFLINE' });
  });

  it('refuses a late result of its former worker with LEASE_LOST, and does not change', async () => {
    const { task, runId } = await aStaleTask(services);
    await requeueStaleTasks(services);
    const before = [await readTask(task.id), await readRun(runId), await eventsOf(services, task.id)];
    await expect(completeTask(services, services.admin, { runId, resolution: 'late' })).rejects.toMatchObject(
      { code: 'LEASE_LOST' },
    );
    expect([await readTask(task.id), await readRun(runId), await eventsOf(services, task.id)]).toEqual(
      before,
    );
  });

  it('is reported as lost to its agent at the next heartbeat, and can be claimed by it', async () => {
    const { agent, task, runId } = await aStaleTask(services);
    await requeueStaleTasks(services);
    const { lostRuns } = await heartbeat(services, services.admin, { agent: { id: agent.id } });
    expect(lostRuns).toMatchObject([{ id: runId, outcome: 'REQUEUED', lostReason: expect.any(String) }]);
    const claim = await claimNextTask(services, services.admin, { agent: { id: agent.id } }, neverAborted);
    expect(claim.task?.id).toBe(task.id);
    expect(claim.run?.id).not.toBe(runId);
  });

  it('fails at the sixth stall, with every stall in its comments', async () => {
    const { agent, task, runId } = await aStaleTask(services);
    let latest = runId;
    for (let stall = 1; stall <= 5; stall += 1) {
      await requeueStaleTasks(services);
      expect(await readTask(task.id)).toMatchObject({ status: 'ASSIGNED', stale_requeues: stall });
      const claim = await claimNextTask(services, services.admin, { agent: { id: agent.id } }, neverAborted);
      latest = claim.run!.id;
      await endLease(services, latest);
      await setLastSeen(services, agent.id);
    }
    await requeueStaleTasks(services);
    const failed = await readTask(task.id);
    expect(failed).toMatchObject({
      status: 'FAILED',
      stale_requeues: 5,
      failure_reason: 'STALE_REQUEUES_EXHAUSTED',
      failure_detail: expect.stringContaining(`${agent.name} has been silent since`),
    });
    expect((await eventsOf(services, task.id)).map(({ type }) => type).slice(-3)).toEqual([
      'run.requeued',
      'task.failed',
      'task.comment_added',
    ]);
    expect(await commentsOf(task.id)).toHaveLength(6);
    expect((await requeueStaleTasks(services)).handled).toBe(0);
    await expect(
      completeTask(services, services.admin, { runId: latest, resolution: 'late' }),
    ).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  it('stays with its agent until it has been in progress for staleAfterMs', async () => {
    const { task, runId } = await aStaleTask(services);
    await services.sql(`UPDATE task_runs SET started_at = now() - interval '9 minutes' WHERE id = $1`, [
      runId,
    ]);
    const { handled, nextInMs } = await requeueStaleTasks(services);
    expect(handled).toBe(0);
    expect(nextInMs).toBeLessThanOrEqual(10_000);
    expect(await readTask(task.id)).toMatchObject({ status: 'IN_PROGRESS' });
    await services.sql(`UPDATE task_runs SET started_at = now() - interval '592 s' WHERE id = $1`, [runId]);
    expect((await requeueStaleTasks(services)).nextInMs).toBeLessThanOrEqual(8_001);
    await services.sql(`UPDATE task_runs SET started_at = now() - interval '601 seconds' WHERE id = $1`, [
      runId,
    ]);
    expect((await requeueStaleTasks(services)).handled).toBe(1);
  });
});

describe('a task whose lease has ended and whose agent is online', () => {
  it('stays for one grace period, with one event for each lease', async () => {
    const agent = await anAgent(services);
    const { task, runId } = await aClaimedTask(services, agent);
    await endLease(services, runId);
    expect((await requeueStaleTasks(services)).handled).toBe(1);
    for (let i = 0; i < 3; i += 1) expect((await requeueStaleTasks(services)).handled).toBe(0);
    expect(await eventsOf(services, task.id, ['task.lease_expired'])).toMatchObject([
      { run_id: runId, agent_id: agent.id },
    ]);
    expect(await readTask(task.id)).toMatchObject({ status: 'IN_PROGRESS', current_run_id: runId });

    await heartbeat(services, services.admin, { agent: { id: agent.id } });
    await endLease(services, runId);
    await requeueStaleTasks(services);
    await requeueStaleTasks(services);
    expect(await eventsOf(services, task.id, ['task.lease_expired'])).toHaveLength(2);

    await endLease(services, runId, 600_000);
    expect((await requeueStaleTasks(services)).handled).toBe(1);
    expect(await readTask(task.id)).toMatchObject({ status: 'ASSIGNED', stale_requeues: 1 });
    expect((await commentsOf(task.id))[0]!.body).toContain(`${agent.name} is online, but its lease ended at`);
  });

  it('can still be completed in the grace period', async () => {
    const agent = await anAgent(services);
    const { task, runId } = await aClaimedTask(services, agent);
    await endLease(services, runId);
    await requeueStaleTasks(services);
    await completeTask(services, services.admin, { runId, resolution: 'just in time' });
    expect((await requeueStaleTasks(services)).handled).toBe(0);
    expect(await readTask(task.id)).toMatchObject({ status: 'REVIEW', stale_requeues: 0 });
  });

  it('has an event that its agent is IDLE when the last lease has ended', async () => {
    const agent = await anAgent(services);
    const { runId } = await aClaimedTask(services, agent);
    await endLease(services, runId);
    await requeueStaleTasks(services);
    const [row] = await services.sql('SELECT announced_status FROM agents WHERE id = $1', [agent.id]);
    expect(row).toEqual({ announced_status: 'IDLE' });
  });
});

describe('requeueStaleTasks', () => {
  it('returns when the next lease ends', async () => {
    const agent = await anAgent(services);
    const { runId } = await aClaimedTask(services, agent);
    const leaseEndsIn = (interval: string) =>
      services.sql(`UPDATE task_runs SET lease_expires_at = now() + interval '${interval}' WHERE id = $1`, [
        runId,
      ]);
    await leaseEndsIn('9 s');
    const { nextInMs } = await requeueStaleTasks(services);
    expect(nextInMs).toBeGreaterThan(0);
    // The column rounds to milliseconds, up or down.
    expect(nextInMs).toBeLessThanOrEqual(9_001);
    // Otherwise it would end during one of the next tests.
    await leaseEndsIn('10 min');
  });

  it('reports a task that cannot be requeued, and requeues the others', async () => {
    const stuck = await aStaleTask(services);
    const others = [await aStaleTask(services), await aStaleTask(services)];
    // A constraint that only this task violates.
    await services.sql(
      `ALTER TABLE tasks ADD CONSTRAINT test_poison CHECK (id <> '${stuck.task.id}') NOT VALID`,
    );
    try {
      await expect(requeueStaleTasks(services)).rejects.toThrow('1 ended leases could not be settled');
    } finally {
      await services.sql('ALTER TABLE tasks DROP CONSTRAINT test_poison');
    }
    for (const { task } of others) expect(await readTask(task.id)).toMatchObject({ status: 'ASSIGNED' });
    expect(await readTask(stuck.task.id)).toMatchObject({ status: 'IN_PROGRESS' });
    expect((await requeueStaleTasks(services)).handled).toBe(1);
  });

  it('finds the one stale task among thousands of renewed leases', async () => {
    const agent = await anAgent(services);
    await services.sql(
      `WITH made AS (INSERT INTO tasks (id, title, status, assignee_id)
        SELECT 'task_kept_' || i, 'kept', 'ASSIGNED', $1 FROM generate_series(1, 1000) i RETURNING id),
      runs AS (INSERT INTO task_runs (id, task_id, agent_id, number, trigger, lease_ms, lease_expires_at, lease_expiry_noted_at)
        SELECT 'run_of_' || id, id, $1, 1, 'CLAIM', 600000, now() - interval '2 minutes', now() FROM made RETURNING id)
      SELECT count(*) FROM runs`,
      [agent.id],
    );
    await services.sql(
      `UPDATE tasks SET status = 'IN_PROGRESS', current_run_id = 'run_of_' || id WHERE id LIKE 'task_kept_%'`,
    );
    const { task } = await aStaleTask(services);
    const { handled } = await requeueStaleTasks(services);
    expect(handled).toBe(1);
    expect(await readTask(task.id)).toMatchObject({ status: 'ASSIGNED' });
  });
});
