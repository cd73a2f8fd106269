import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { pauseSchedulerJob, resumeSchedulerJob } from '../../src/services/ops/scheduler-jobs.js';
import { aStaleTask, endLease, eventsOf, setLastSeen } from '../support/factories/aging.js';
import { aClaimedTask, anAgent } from '../support/factories/factory.js';
import type { TestServices } from '../support/factories/services.js';
import { useServices } from '../support/factories/use-services.js';
import { untilLogIsReadable } from '../support/postgres/readable-log.js';
import { aProcess } from './job-process.js';

let services: TestServices;
useServices(
  (made) => {
    services = made;
  },
  { keepTasks: true },
);

/** Starts processes that end with the test. */
async function running(count: number, options: Parameters<typeof aProcess>[1] = {}) {
  const processes = await Promise.all(
    Array.from({ length: count }, () => aProcess(services.database.connectionString, options)),
  );
  onTestFinished(async () => {
    await Promise.all(processes.map((each) => each.close()));
  });
  await Promise.all(processes.map((each) => each.start()));
  return processes;
}

/** Waits until the query returns one row. */
async function untilRow(text: string, values: unknown[]): Promise<void> {
  await vi.waitFor(async () => expect(await services.sql(text, values)).toHaveLength(1), {
    timeout: 20_000,
    interval: 1,
  });
}
const untilRequeued = (taskId: string) =>
  untilRow(`SELECT FROM tasks WHERE id = $1 AND status = 'ASSIGNED'`, [taskId]);

describe('jobs of two processes on one database', () => {
  it('requeue each stale task once', async () => {
    const stale: Awaited<ReturnType<typeof aStaleTask>>[] = [];
    for (let i = 0; i < 25; i += 1) stale.push(await aStaleTask(services));
    await running(2);
    for (const { task } of stale) await untilRequeued(task.id);
    for (const { task } of stale) {
      expect(
        await eventsOf(services, task.id, ['task.requeued', 'run.requeued', 'task.comment_added']),
      ).toHaveLength(3);
    }
  });

  it('do nothing while a job is paused in one process, and continue at once when it is resumed in the other', async () => {
    const [here, there] = await running(2, { jobIntervalMs: 20 });
    await pauseSchedulerJob(here!.services, services.admin, 'requeueStaleTasks');
    // A run that began before the pause may not have ended. A run on demand ends after it.
    await Promise.all([here, there].map((each) => each!.scheduler.runOnce('requeueStaleTasks')));
    const { task } = await aStaleTask(services);
    const turnsOf = async () =>
      (await services.sql(`SELECT last_run_at FROM scheduler_jobs WHERE name = 'requeueStaleTasks'`))[0]!
        .last_run_at;
    const before = await turnsOf();
    here!.scheduler.wake();
    there!.scheduler.wake();
    await untilRow(`SELECT FROM agents WHERE id = $1 AND announced_status = 'OFFLINE'`, [
      (await aStaleTask(services)).agent.id,
    ]);
    expect(await eventsOf(services, task.id, ['task.requeued'])).toEqual([]);
    expect(await turnsOf()).toEqual(before);
    await resumeSchedulerJob(there!.services, services.admin, 'requeueStaleTasks');
    await untilRequeued(task.id);
  });
});

describe('a scheduler with an interval of a day', () => {
  it('is woken by a resumption in another process', async () => {
    const [here, there] = await running(2);
    await pauseSchedulerJob(here!.services, services.admin, 'requeueStaleTasks');
    await Promise.all([here, there].map((each) => each!.scheduler.runOnce('requeueStaleTasks')));
    const { task } = await aStaleTask(services);
    await here!.scheduler.stop();
    await resumeSchedulerJob(here!.services, services.admin, 'requeueStaleTasks');
    await untilRequeued(task.id);
  });

  it('requeues a task soon after its lease has ended', async () => {
    const agent = await anAgent(services);
    const { task, runId } = await aClaimedTask(services, agent);
    await setLastSeen(services, agent.id);
    await services.sql(
      `UPDATE task_runs SET started_at = now() - interval '1 day', lease_expires_at = now() + interval '300 ms' WHERE id = $1`,
      [runId],
    );
    await running(1);
    await untilRequeued(task.id);
    const [row] = await services.sql<{ late: number }>(
      `SELECT extract(epoch FROM e.at - (regexp_match(c.body, 'ended at (\\S+Z)'))[1]::timestamptz)::float8 AS late
        FROM events e JOIN comments c USING (task_id) WHERE e.task_id = $1 AND e.type = 'task.requeued'`,
      [task.id],
    );
    expect(row!.late).toBeGreaterThanOrEqual(0);
  });

  it('marks an agent OFFLINE soon after its timeout and then requeues its task', async () => {
    const agent = await anAgent(services);
    const { task, runId } = await aClaimedTask(services, agent);
    await endLease(services, runId);
    await setLastSeen(services, agent.id, 599_600);
    await running(1);
    await untilRequeued(task.id);
    await untilRow(`SELECT FROM agents WHERE id = $1 AND announced_status = 'OFFLINE'`, [agent.id]);
  });
});

describe('the pruning jobs', () => {
  it('delete events older than the retention and idempotency keys older than a day, and count them', async () => {
    const keeper = await aProcess(services.database.connectionString);
    onTestFinished(() => keeper.close());
    await services.sql(`INSERT INTO idempotency_keys (scope, operation, key, fingerprint, subject_id, created_at)
      SELECT 'test', 'test', i::text, '', '', now() - i * interval '12 hours' FROM generate_series(0, 5) i`);
    expect(await keeper.scheduler.runOnce('pruneIdempotencyKeys')).toBe(4);
    expect(await keeper.scheduler.runOnce('pruneIdempotencyKeys')).toBe(0);
    await anAgent(services);
    await services.sql(`UPDATE events SET at = at - interval '31 days'`);
    await untilLogIsReadable(services.database.pool);
    const [before] = await services.sql<{ count: string }>('SELECT count(*) FROM events');
    expect(await keeper.scheduler.runOnce('pruneEvents')).toBe(Number(before!.count));
    expect(await keeper.scheduler.runOnce('pruneEvents')).toBe(0);
  });
});
