import { describe, expect, it } from 'vitest';
import { cancelPipelineRun } from '../../../src/services/pipelines/cancel-pipeline-run.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { addDependency, removeDependency } from '../../../src/services/tasks/edit-dependencies.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimAll, claimFor, clearTasks } from '../../support/factories/claims.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import { aPipelineRun, readRun, step, workOn } from '../../support/factories/pipelines.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;
let agent: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  agent = await anAgent(services);
});

const work = (how?: 'DONE' | 'FAILED' | 'CANCELLED') => workOn(services, agent, how);
const read = (run: { id: string }) => readRun(services, run.id);
const cancel = (run: { id: string }) => cancelPipelineRun(services, services.admin, run.id);
const retry = (id: string | undefined) => retryTask(services, services.admin, { task: { id } });
const statuses = async (run: { id: string }) => {
  const rows = await services.sql<{ key: string; status: string }>(
    'SELECT pipeline_step_key AS key, status FROM tasks WHERE pipeline_run_id = $1 ORDER BY 1',
    [run.id],
  );
  return Object.fromEntries(rows.map(({ key, status }) => [key, status]));
};
const chain = () => aPipelineRun(services, [step('a'), step('b', ['a']), step('c', ['b'])]);

describe('a pipeline run', () => {
  it('runs parallel steps and joins them, and is SUCCEEDED when the last task is done', async () => {
    const run = await aPipelineRun(services, [
      step('join', ['left', 'right']),
      step('left', ['begin']),
      step('right', ['begin']),
      step('begin'),
    ]);
    expect(await work()).toBe('begin');
    expect([await work(), await work()].sort()).toEqual(['left', 'right']);
    expect(await read(run)).toEqual({ status: 'RUNNING', finished: false, events: ['started'] });
    expect(await work()).toBe('join');
    expect(await read(run)).toEqual({
      status: 'SUCCEEDED',
      finished: true,
      events: ['started', 'finished SUCCEEDED'],
    });
  });

  it('is FAILED when all open tasks wait for a failed one, and runs again when that is retried', async () => {
    const run = await aPipelineRun(services, [step('a'), step('b', ['a']), step('c', ['b']), step('free')]);
    await work('FAILED');
    expect((await read(run)).status).toBe('RUNNING');
    expect(await work()).toBe('free');
    expect(await read(run)).toMatchObject({ status: 'FAILED', finished: true });
    await retry(run.taskIds.get('a'));
    expect(await read(run)).toMatchObject({ status: 'RUNNING', finished: false });
    expect([await work(), await work(), await work()]).toEqual(['a', 'b', 'c']);
    expect((await read(run)).events).toEqual([
      'started',
      'finished FAILED',
      'resumed RUNNING',
      'finished SUCCEEDED',
    ]);
  });

  it('is FAILED when a failure cancels the remaining tasks', async () => {
    const run = await aPipelineRun(services, [
      step('a'),
      step('b', ['a'], { onDependencyFailure: 'CANCEL' }),
      step('c', ['b'], { onDependencyFailure: 'CANCEL' }),
    ]);
    await work('FAILED');
    expect(await statuses(run)).toEqual({ a: 'FAILED', b: 'CANCELLED', c: 'CANCELLED' });
    expect((await read(run)).events).toEqual(['started', 'finished FAILED']);
  });

  it('continues after a failure if the policy is to proceed, and is FAILED at the end', async () => {
    const run = await aPipelineRun(services, [
      step('a'),
      step('b', ['a'], { onDependencyFailure: 'PROCEED' }),
    ]);
    await work('FAILED');
    expect((await read(run)).status).toBe('RUNNING');
    expect(await work()).toBe('b');
    expect((await read(run)).events).toEqual(['started', 'finished FAILED']);
  });

  it('is CANCELLED when all its tasks are', async () => {
    const run = await chain();
    await work('CANCELLED');
    expect(await read(run)).toMatchObject({ status: 'CANCELLED', events: ['started', 'finished CANCELLED'] });
  });

  it('waits for tasks outside the run, and notices when they are done or fail', async () => {
    const outside = await aTask(services, { priority: 'CRITICAL' });
    const run = await aPipelineRun(services, [step('a')]);
    const edit = { task: { id: run.taskIds.get('a') }, dependsOn: { id: outside.id } };
    await addDependency(services, services.admin, edit);
    expect((await read(run)).status).toBe('RUNNING');
    await work('FAILED');
    expect((await read(run)).status).toBe('FAILED');
    await removeDependency(services, services.admin, edit);
    expect((await read(run)).status).toBe('RUNNING');
    await work();
    expect((await read(run)).events).toEqual([
      'started',
      'finished FAILED',
      'resumed RUNNING',
      'finished SUCCEEDED',
    ]);
  });

  it('finishes once when its last tasks end concurrently', async () => {
    for (let round = 0; round < 10; round += 1) {
      const run = await aPipelineRun(services, [step('a'), step('b'), step('c'), step('d')]);
      const runIds: string[] = [];
      for (let i = 0; i < 4; i += 1)
        runIds.push((await claimFor(services, agent, { maxCapacity: 100 })).run?.id ?? '');
      await Promise.all(
        runIds.map((runId, i) =>
          completeTask(i % 2 ? services : other, services.admin, { runId, resolution: 'done' }),
        ),
      );
      expect((await read(run)).events).toEqual(['started', 'finished SUCCEEDED']);
    }
  });
});

describe('a pipeline run that is cancelled', () => {
  it('has all its open tasks cancelled, and ends the leases of those in progress', async () => {
    const run = await aPipelineRun(services, [step('a'), step('b', ['a']), step('c', ['b']), step('d')]);
    await work();
    const { run: lease } = await claimFor(services, agent, { maxCapacity: 100 });
    await cancel(run);
    expect(Object.values(await statuses(run)).sort()).toEqual([
      'CANCELLED',
      'CANCELLED',
      'CANCELLED',
      'DONE',
    ]);
    expect((await read(run)).events).toEqual(['started', 'finished CANCELLED']);
    const late = completeTask(services, services.admin, { runId: lease?.id, resolution: 'late' });
    expect(await namedRefusalsOf(late)).toEqual(['LEASE_LOST runId']);
    const alive = await heartbeat(services, services.admin, { agent: { id: agent.id } });
    expect(alive.lostRuns.map(({ id }) => id)).toEqual([lease?.id]);
    expect(await claimAll(services, agent)).toEqual([]);
    const blamed = await services.sql(
      "SELECT id FROM events WHERE type IN ('task.dependency_failed', 'task.unblocked') AND task_id = $1",
      [run.taskIds.get('c')],
    );
    expect(blamed).toEqual([]);
  });

  it('stays CANCELLED although a task had failed, and a second cancellation changes nothing', async () => {
    const run = await aPipelineRun(services, [step('a'), step('b')]);
    await work('FAILED');
    await cancel(run);
    expect((await read(run)).status).toBe('CANCELLED');
    await cancel(run);
    expect((await read(run)).events).toEqual(['started', 'finished CANCELLED']);
  });

  it('runs again when a task is retried, and ends with the outcome of its tasks', async () => {
    const run = await aPipelineRun(services, [step('a')]);
    await cancel(run);
    await retry(run.taskIds.get('a'));
    expect((await read(run)).status).toBe('RUNNING');
    await work();
    expect((await read(run)).events).toEqual([
      ...['started', 'finished CANCELLED', 'resumed RUNNING', 'finished SUCCEEDED'],
    ]);
  });

  it('after it has failed cancels the tasks that still wait, and stays FAILED', async () => {
    const run = await chain();
    await work('FAILED');
    await cancel(run);
    expect(await statuses(run)).toEqual({ a: 'FAILED', b: 'CANCELLED', c: 'CANCELLED' });
    expect((await read(run)).events).toEqual(['started', 'finished FAILED']);
    expect(await namedRefusalsOf(cancel(run))).toEqual(['INVALID id']);
  });

  it('is refused if it does not exist', async () => {
    expect(await namedRefusalsOf(cancel({ id: 'plr_none' }))).toEqual(['NOT_FOUND id']);
    const run = await aPipelineRun(services, [step('a')]);
    await work();
    expect(await namedRefusalsOf(cancel(run))).toEqual(['INVALID id']);
  });

  it('is refused if the run has ended while the request waited for the last task', async () => {
    const run = await aPipelineRun(services, [step('a')]);
    const client = await other.database.pool.connect();
    await client.query('BEGIN');
    // The end of the task and the run in one transaction, without the requests before it.
    await client.query('SET LOCAL session_replication_role = replica');
    const task = "UPDATE tasks SET status = 'DONE', resolution = 'x', completed_at = now()";
    await client.query(`${task} WHERE pipeline_run_id = $1`, [run.id]);
    await client.query("UPDATE pipeline_runs SET status = 'SUCCEEDED', finished_at = now() WHERE id = $1", [
      run.id,
    ]);
    const refusals = namedRefusalsOf(cancel(run));
    const waiting =
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT * FROM tasks WHERE pipeline_run_id%'";
    await expect.poll(() => services.sql(waiting), { timeout: 20_000 }).toHaveLength(1);
    await client.query('COMMIT');
    client.release();
    expect(await refusals).toEqual(['INVALID id']);
  });

  it('while its tasks are claimed and completed ends once, without an open task', async () => {
    for (let round = 0; round < 8; round += 1) {
      const steps = Array.from({ length: 12 }, (_, i) => step(`s${i}`, i < 4 ? [] : [`s${i - 4}`]));
      const run = await aPipelineRun(services, steps);
      const drain = async (process: TestServices) => {
        for (;;) {
          const { run: lease } = await claimFor(process, agent, { maxCapacity: 100 });
          if (lease === null) return;
          const done = completeTask(process, services.admin, { runId: lease.id, resolution: 'done' });
          await done.catch(() => undefined);
        }
      };
      const outcomes = await Promise.allSettled([drain(services), drain(other), cancel(run)]);
      const [, , cancelled] = outcomes;
      const left = Object.values(await statuses(run)).filter((each) => !['DONE', 'CANCELLED'].includes(each));
      expect(left).toEqual([]);
      expect((await read(run)).events).toEqual([
        'started',
        cancelled.status === 'fulfilled' ? 'finished CANCELLED' : 'finished SUCCEEDED',
      ]);
      await clearTasks(services);
    }
  });
});
