import { describe, expect, it } from 'vitest';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { requeueStaleTasks } from '../../../src/services/runs/requeue-stale-tasks.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { endLease, eventsOf, setLastSeen } from '../../support/factories/aging.js';
import { aClaimedTask, anAgent } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;
useTwoProcesses((two) => {
  ({ services, other } = two);
});

/** Stale tasks, each of its own agent, or all of one agent. */
async function staleTasks(count: number, ofOneAgent = false) {
  const made: (Awaited<ReturnType<typeof aClaimedTask>> & { agent: AgentRow })[] = [];
  let agent = await anAgent(services);
  for (let i = 0; i < count; i += 1) {
    if (!ofOneAgent) agent = await anAgent(services);
    const { task, runId } = await aClaimedTask(services, agent);
    await endLease(services, runId);
    made.push({ task, runId, agent });
  }
  for (const each of made) await setLastSeen(services, each.agent.id);
  return made;
}

/** A transaction that has run one statement and stays open until it is committed or rolled back. */
async function hold(text: string, values: unknown[]) {
  const client = await other.database.pool.connect();
  await client.query('BEGIN');
  await client.query(text, values);
  return async (end: 'COMMIT' | 'ROLLBACK') => {
    await client.query(end);
    client.release();
  };
}

const outcomeOf = async (runId: string) =>
  (await services.sql('SELECT outcome FROM task_runs WHERE id = $1', [runId]))[0]!.outcome;
const statusOf = async (taskId: string) =>
  (await services.sql('SELECT status FROM tasks WHERE id = $1', [taskId]))[0]!.status;

describe('two processes that requeue concurrently', () => {
  it.each([true, false])('requeue each task once (of one agent: %s)', async (ofOneAgent) => {
    const stale = await staleTasks(40, ofOneAgent);
    const sweeps = await Promise.all(
      [services, other, services, other].map((each) => requeueStaleTasks(each)),
    );
    expect(sweeps.reduce((sum, { handled }) => sum + handled, 0)).toBe(40);
    for (const { task } of stale) {
      expect(
        await eventsOf(services, task.id, ['task.requeued', 'run.requeued', 'task.comment_added']),
      ).toHaveLength(3);
      const [row] = await services.sql('SELECT status, stale_requeues FROM tasks WHERE id = $1', [task.id]);
      expect(row).toEqual({ status: 'ASSIGNED', stale_requeues: 1 });
    }
  });
});

describe('a heartbeat concurrent with the requeue', () => {
  it('keeps the task if it comes first, even before its commit', async () => {
    const [stale] = await staleTasks(1);
    const end = await hold(
      `UPDATE task_runs SET lease_expires_at = now() + interval '10 minutes' WHERE id = $1`,
      [stale!.runId],
    );
    expect((await requeueStaleTasks(services)).handled).toBe(0);
    await end('COMMIT');
    expect((await requeueStaleTasks(services)).handled).toBe(0);
    expect(await statusOf(stale!.task.id)).toBe('IN_PROGRESS');
    await endLease(services, stale!.runId);
    expect((await requeueStaleTasks(services)).handled).toBe(1);
  });

  it('changes nothing if it rolls back', async () => {
    const [stale] = await staleTasks(1);
    const end = await hold(
      `UPDATE task_runs SET lease_expires_at = now() + interval '10 minutes' WHERE id = $1`,
      [stale!.runId],
    );
    await end('ROLLBACK');
    expect((await requeueStaleTasks(services)).handled).toBe(1);
  });

  it('renews exactly the runs that were not requeued', async () => {
    const stale = await Promise.all(Array.from({ length: 8 }, () => staleTasks(3, true)));
    const agents = stale.map(([first]) => first!.agent);
    const [beats] = await Promise.all([
      Promise.all(agents.map(({ id }) => heartbeat(other, other.admin, { agent: { id } }))),
      requeueStaleTasks(services),
      requeueStaleTasks(other),
    ]);
    const renewed = new Set(beats.flatMap(({ runs }) => runs.map(({ id }) => id)));
    for (const { runId } of stale.flat()) {
      expect(await outcomeOf(runId)).toBe(renewed.has(runId) ? 'RUNNING' : 'REQUEUED');
    }
  });
});

describe('an operator concurrent with the requeue', () => {
  it('does not block it: the locked task is skipped, and the others are requeued', async () => {
    const [busy, free] = await staleTasks(2);
    const end = await hold('SELECT FROM tasks WHERE id = $1 FOR NO KEY UPDATE', [busy!.task.id]);
    expect((await requeueStaleTasks(services)).handled).toBe(1);
    expect(await statusOf(free!.task.id)).toBe('ASSIGNED');
    expect(await statusOf(busy!.task.id)).toBe('IN_PROGRESS');
    await end('ROLLBACK');
    expect((await requeueStaleTasks(services)).handled).toBe(1);
  });

  it('cancels every task in either order, and each run ends once', async () => {
    const stale = await staleTasks(30);
    await Promise.all([
      requeueStaleTasks(services),
      ...stale.map(({ task }) => cancelTask(other, other.admin, { task: { id: task.id } })),
      requeueStaleTasks(other),
    ]);
    for (const { task, runId } of stale) {
      expect(await statusOf(task.id)).toBe('CANCELLED');
      const ends = await eventsOf(services, task.id, ['run.requeued', 'run.cancelled']);
      expect(ends).toHaveLength(1);
      expect(ends[0]!.type).toBe(`run.${String(await outcomeOf(runId)).toLowerCase()}`);
    }
  });

  it('completes the tasks that are not requeued, and is refused for the others', async () => {
    const stale = await staleTasks(30);
    const attempts = stale.map(({ runId }) =>
      completeTask(other, other.admin, { runId, resolution: 'done' }).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      ),
    );
    const [answers] = await Promise.all([Promise.all(attempts), requeueStaleTasks(services)]);
    for (const [index, { task, runId }] of stale.entries()) {
      const isDone = answers[index] === 'done';
      if (!isDone) expect(answers[index]).toBe('LEASE_LOST');
      expect(await statusOf(task.id)).toBe(isDone ? 'REVIEW' : 'ASSIGNED');
      expect(await outcomeOf(runId)).toBe(isDone ? 'SUCCEEDED' : 'REQUEUED');
      const moves = await eventsOf(services, task.id, ['task.completed', 'task.requeued']);
      expect(moves.map(({ type }) => type)).toEqual([isDone ? 'task.completed' : 'task.requeued']);
    }
  });
});
