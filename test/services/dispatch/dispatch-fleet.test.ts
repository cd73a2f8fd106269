import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import { endLease, setLastSeen } from '../../support/factories/aging.js';
import { aPushAgent, aTaskOf, waitForStatus } from '../../support/factories/dispatch.js';
import { aClaimedTask, anAgent } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { answered, answeredAfter, hang, ScriptedGateway } from '../../support/gateways/scripted-gateway.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';
import type { Row } from '../../support/postgres/sql.js';
import { reportMs } from '../../support/runner/measurements.js';

let database: TestDatabase;
let gateway: ScriptedGateway;
let processes: Process[];
let services: TestServices;

const dispatch = { concurrency: 8, timeoutMs: 60_000, backoffMs: 1 };

beforeAll(async () => {
  database = await createTestDatabase();
  gateway = new ScriptedGateway();
  const another = () => aProcess(database.url, { gateways: [gateway], dispatch });
  processes = [await another(), await another()];
  services = processes[0]!.services;
  await Promise.all(processes.map((each) => each.start()));
});

afterAll(async () => {
  await Promise.all(processes.map((each) => each.close()));
  await database.drop();
});

/** Counts the open calls under each name, and the maximum at one time. */
function watch() {
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  return {
    most,
    async during<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
      const count = (now.get(name) ?? 0) + 1;
      now.set(name, count);
      most.set(name, Math.max(count, most.get(name) ?? 0));
      try {
        return await work();
      } finally {
        now.set(name, (now.get(name) ?? 1) - 1);
      }
    },
  };
}

const byteOf = (text: string) => createHash('sha256').update(text).digest().readUInt8(0);

describe('two processes, 200 tasks, and a gateway that fails a third of the calls', () => {
  it('bring every task to DONE or FAILED with the right counts, within all capacities, and send each call once', async () => {
    const { most, during } = watch();
    gateway.script = ({ idempotencyKey: key, agentName, prompt }) =>
      during('all', () =>
        during(agentName, () =>
          during(key, async () => {
            const fails = byteOf(key) % 3 === 0 || prompt.includes('Poison');
            return answeredAfter(
              byteOf(key) % 8,
              fails
                ? { outcome: 'FAILED', error: 'provider said 500', permanent: false }
                : answered(`done: ${key}`),
            );
          }),
        ),
      );
    const agents = await Promise.all(
      [1, 2, 3, 1, 2].map((maxCapacity) => aPushAgent(services, { maxCapacity })),
    );
    const taskCount = 200;
    await Promise.all(
      agents.map(async (agent, turn) => {
        for (let index = turn; index < taskCount; index += agents.length)
          await aTaskOf(services, agent, {
            title: index % 40 === 0 ? `Poison ${index}` : `Task ${index}`,
            reviewPolicy: 'SKIP',
          });
      }),
    );
    await vi.waitFor(
      async () =>
        expect(await services.sql("SELECT FROM tasks WHERE status NOT IN ('DONE', 'FAILED')")).toHaveLength(
          0,
        ),
      { timeout: 100_000, interval: 100 },
    );
    const rows = await services.sql(`SELECT t.status, t.title, t.dispatch_attempts, t.stale_requeues,
        count(*) FILTER (WHERE r.outcome = 'SUCCEEDED')::int AS succeeded,
        count(*) FILTER (WHERE r.outcome = 'FAILED')::int AS failed,
        count(*) FILTER (WHERE r.outcome NOT IN ('FAILED', 'SUCCEEDED'))::int AS others
      FROM tasks t JOIN task_runs r ON r.task_id = t.id GROUP BY t.id`);
    expect(rows).toHaveLength(taskCount);
    for (const row of rows) expect(countsOf(row)).toEqual(rightCounts(row));
    expect(rows.filter(({ status }) => status === 'FAILED').length).toBeGreaterThanOrEqual(5);
    expect(most.get('all')).toBeLessThanOrEqual(16);
    for (const { name, maxCapacity } of agents) expect(most.get(name)).toBeLessThanOrEqual(maxCapacity);
    const keys = gateway.calls.map(({ call }) => call.idempotencyKey);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe(rows.reduce((sum, row) => sum + Number(row.succeeded) + Number(row.failed), 0));
  });
});

const countsOf = ({ title: _title, failed, ...counts }: Row) => ({ ...counts, failed });

/** A task ends at its first success or its fifth failure. */
function rightCounts({ status, title, failed }: Row) {
  const isDone = status === 'DONE';
  if (String(title).startsWith('Poison')) expect(isDone).toBe(false);
  return {
    status,
    dispatch_attempts: isDone ? 0 : 5,
    stale_requeues: 0,
    succeeded: isDone ? 1 : 0,
    failed: isDone ? Math.min(Number(failed), 4) : 5,
    others: 0,
  };
}

describe('a task assigned to an idle PUSH agent', () => {
  it('is dispatched at once', async () => {
    gateway.script = () => answered('done');
    const agent = await aPushAgent(services);
    const delays: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const before = gateway.calls.length;
      const begunAt = performance.now();
      const task = await aTaskOf(services, agent, { reviewPolicy: 'SKIP' });
      await vi.waitFor(() => expect(gateway.calls.length).toBeGreaterThan(before), {
        timeout: 20_000,
        interval: 1,
      });
      delays.push(performance.now() - begunAt);
      await waitForStatus(services, task.id, 'DONE');
    }
    // The interval of the jobs is a day here: without a wake no call would have come. The benchmark measures the delay.
    reportMs('from createTask to the call', delays);
  });
});

describe('agents whose calls hang', () => {
  it('delay neither the recovery of stale tasks nor the tasks of other agents', async () => {
    gateway.script = (call, hooks) => (call.prompt.includes('Stuck') ? hang(call, hooks) : answered('done'));
    const stuck = await aPushAgent(services, { maxCapacity: 100 });
    for (let i = 0; i < 30; i += 1) await aTaskOf(services, stuck, { title: 'Stuck' });
    await vi.waitFor(
      async () =>
        expect(await services.sql("SELECT FROM tasks WHERE status = 'IN_PROGRESS'")).toHaveLength(12),
      20_000,
    );
    const silent = await anAgent(services);
    const { task, runId } = await aClaimedTask(services, silent);
    await endLease(services, runId);
    await setLastSeen(services, silent.id);
    await processes[0]!.scheduler.runOnce('requeueStaleTasks');
    await waitForStatus(services, task.id, 'ASSIGNED');
    const lively = await aTaskOf(services, await aPushAgent(services), { reviewPolicy: 'SKIP' });
    await waitForStatus(services, lively.id, 'DONE');
  });
});
