import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GatewayCall } from '../../../src/gateway/gateway.js';
import { readWaitingOn } from '../../../src/services/tasks/read-tasks.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import {
  aPushAgent,
  aTaskOf,
  commentsOf,
  endBackoff,
  runsOf,
  waitForStatus,
} from '../../support/factories/dispatch.js';
import { anAgent, aTaskIn } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { answered, answeredAfter, ScriptedGateway } from '../../support/gateways/scripted-gateway.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';

let database: TestDatabase;
let gateway: ScriptedGateway;
let here: Process;
let services: TestServices;

const broken = { outcome: 'BROKEN', error: '401 Incorrect API key', remedy: 'Check the key.' } as const;

beforeEach(async () => {
  database = await createTestDatabase();
  gateway = new ScriptedGateway();
  here = await aProcess(database.url, { gateways: [gateway] });
  services = here.services;
  await here.start();
});

afterEach(async () => {
  await here.close();
  await database.drop();
});

const linesOf = (name: string) => services.signals.filter((signal) => signal.name === name);

describe('a gateway that refuses every call', () => {
  it('fails no task: the tasks wait uncounted, are tried one at a time, and the log has one line with the remedy', async () => {
    let now = 0;
    let most = 0;
    let isOpen = false;
    gateway.script = async () => {
      now += 1;
      if (isOpen) most = Math.max(most, now);
      const answer = await answeredAfter(5, broken);
      now -= 1;
      return answer;
    };
    const agents = [
      await aPushAgent(services, { maxCapacity: 100 }),
      await aPushAgent(services, { maxCapacity: 100 }),
    ];
    const tasks = await Promise.all(
      Array.from({ length: 40 }, (_, index) => aTaskOf(services, agents[index % 2]!)),
    );
    await vi.waitFor(() => expect(linesOf('gateway.broken')).toHaveLength(1), 20_000);
    await vi.waitFor(() => expect(now).toBe(0), { timeout: 20_000, interval: 1 });
    isOpen = true;
    const before = gateway.calls.length;
    expect(before).toBeLessThanOrEqual(8);
    await vi.waitFor(() => expect(gateway.calls.length).toBeGreaterThan(before + 2), 20_000);
    expect(most).toBe(1);
    expect(linesOf('gateway.broken')).toMatchObject([
      {
        level: 'error',
        message: 'The gateway scripted refuses every call, so its tasks wait. Check the key.',
        facts: { gateway: 'scripted', error: '401 Incorrect API key' },
      },
    ]);
    expect(
      await services.sql(
        "SELECT dispatch_attempts, count(*)::int FROM tasks WHERE status IN ('ASSIGNED', 'IN_PROGRESS') GROUP BY 1",
      ),
    ).toEqual([{ dispatch_attempts: 0, count: 40 }]);
    expect(await commentsOf(services, tasks[0]!.id)).toEqual([]);
    expect(await services.sql('SELECT gateway, error, remedy FROM gateway_outages')).toEqual([
      { gateway: 'scripted', error: '401 Incorrect API key', remedy: 'Check the key.' },
    ]);
    gateway.script = () => answered('done');
    for (const task of tasks) await waitForStatus(services, task.id, 'REVIEW');
    expect(linesOf('gateway.reachable')).toHaveLength(1);
    await vi.waitFor(
      async () => expect(await services.sql('SELECT FROM gateway_outages')).toEqual([]),
      20_000,
    );
  });

  it('is not tried while its probe reports the same refusal', async () => {
    gateway.reach = { reachable: false, error: '401 Incorrect API key', remedy: 'Check the key.' };
    gateway.script = () => broken;
    await aTaskOf(services, await aPushAgent(services));
    await vi.waitFor(() => expect(gateway.probes).toBeGreaterThan(2), 20_000);
    expect(gateway.calls).toHaveLength(1);
    expect(linesOf('gateway.broken')).toHaveLength(1);
  });

  it('still fails the task whose refusal concerns that task alone', async () => {
    gateway.script = ({ prompt }) =>
      prompt.includes('Odd')
        ? { outcome: 'FAILED', error: 'no such model', permanent: true }
        : answered('done');
    const agent = await aPushAgent(services);
    const odd = await aTaskOf(services, agent, { title: 'Odd', priority: 'CRITICAL' });
    const good = await aTaskOf(services, agent);
    expect(await waitForStatus(services, odd.id, 'FAILED')).toMatchObject({
      failure_reason: 'GATEWAY_REFUSED',
    });
    await waitForStatus(services, good.id, 'REVIEW');
    expect(linesOf('gateway.broken')).toEqual([]);
    expect((await runsOf(services, odd.id)).map(({ outcome }) => outcome)).toEqual(['FAILED']);
  });

  it('leaves a round of review to the reviewer, uncounted', async () => {
    gateway.script = () => broken;
    const task = await aTaskIn(services, 'REVIEW', await anAgent(services));
    await aPushAgent(services, { name: 'aegis' });
    await vi.waitFor(() => expect(linesOf('gateway.broken')).toHaveLength(1), 20_000);
    gateway.script = () => answered('VERDICT: APPROVED');
    await waitForStatus(services, task.id, 'DONE');
    const runs = await services.sql("SELECT FROM review_runs WHERE outcome NOT IN ('RELEASED', 'SUCCEEDED')");
    expect(runs).toEqual([]);
  });
});

describe('a gateway that refuses one task as if it refused every call, and answers others', () => {
  /** Refuses the tasks whose title contains this word. */
  const refusing = (word: string) => (call: GatewayCall) =>
    answeredAfter(2, call.prompt.includes(word) ? broken : answered('done'));

  it('fails that task with the words of the gateway, finishes the others, and the log has one line for each fact', async () => {
    gateway.script = refusing('Odd');
    const agent = await aPushAgent(services, { maxCapacity: 4 });
    const odd = await aTaskOf(services, agent, { title: 'Odd', priority: 'CRITICAL' });
    const good: TaskRow[] = [];
    for (let number = 0; number < 30; number += 1) good.push(await aTaskOf(services, agent));
    for (const { id } of good) await waitForStatus(services, id, 'REVIEW');
    await vi.waitFor(
      async () => expect((await runsOf(services, odd.id)).map(({ outcome }) => outcome)).toContain('FAILED'),
      20_000,
    );
    const [first] = await commentsOf(services, odd.id);
    expect(first?.body).toContain('401 Incorrect API key');
    expect(await services.sql('SELECT dispatch_attempts FROM tasks WHERE id = $1', [odd.id])).toEqual([
      { dispatch_attempts: 1 },
    ]);
    await endBackoff(services, odd.id);
    here.scheduler.wake('dispatchAssignedTasks');
    expect(await waitForStatus(services, odd.id, 'FAILED')).toMatchObject({
      failure_reason: 'GATEWAY_REFUSED',
      failure_detail: expect.stringContaining('401 Incorrect API key'),
    });
    expect(linesOf('gateway.broken')).toHaveLength(1);
    expect(linesOf('gateway.reachable')).toHaveLength(1);
    expect(linesOf('gateway.work_refused')).toMatchObject([
      { level: 'warn', facts: { gateway: 'scripted' } },
    ]);
    expect(await services.sql('SELECT FROM gateway_outages')).toEqual([]);
  });

  it('fails it no matter which of two processes sends it, after few calls', async () => {
    gateway.script = refusing('Odd');
    const there = await aProcess(database.url, { gateways: [gateway] });
    await there.start();
    try {
      const agent = await aPushAgent(services, { maxCapacity: 4 });
      const odd = await aTaskOf(services, agent, { title: 'Odd', priority: 'CRITICAL' });
      const good: TaskRow[] = [];
      for (let number = 0; number < 60; number += 1) good.push(await aTaskOf(services, agent));
      for (const { id } of good) await waitForStatus(services, id, 'REVIEW');
      await vi.waitFor(
        async () =>
          expect((await runsOf(services, odd.id)).map(({ outcome }) => outcome)).toContain('FAILED'),
        20_000,
      );
      const lines = [...services.signals, ...there.services.signals];
      expect(lines.filter(({ name }) => name === 'gateway.broken').length).toBeLessThanOrEqual(2);
    } finally {
      await there.close();
    }
  });

  it('is tried with other work first after it has refused the same task twice, and the task shows no limit', async () => {
    gateway.script = () => broken;
    const agent = await aPushAgent(services);
    const odd = await aTaskOf(services, agent, { title: 'Odd', priority: 'CRITICAL' });
    await vi.waitFor(
      async () => expect((await runsOf(services, odd.id)).length).toBeGreaterThanOrEqual(2),
      20_000,
    );
    const next = await aTaskOf(services, agent);
    await vi.waitFor(async () => expect((await runsOf(services, next.id)).length).toBeGreaterThan(0), 20_000);
    const context = { ...services, gateways: new Map([[gateway.name, gateway]]) };
    const waiting = await readWaitingOn(context, [odd.id, next.id]);
    expect([...waiting.values()].flat()).not.toContain('RATE_LIMITED');
    gateway.script = refusing('Odd');
    await waitForStatus(services, next.id, 'REVIEW');
    expect((await runsOf(services, odd.id)).map(({ refused }) => refused)).toContain(true);
  });

  it('is broken, and fails no task, if it only answers calls that began before its first refusal', async () => {
    const agent = await aPushAgent(services, { maxCapacity: 8 });
    const early: TaskRow[] = [];
    for (let number = 0; number < 3; number += 1) early.push(await aTaskOf(services, agent));
    await vi.waitFor(() => expect(gateway.calls).toHaveLength(3), 20_000);
    gateway.script = () => answeredAfter(2, broken);
    for (let number = 0; number < 5; number += 1) await aTaskOf(services, agent);
    for (const [index, { id }] of early.entries()) {
      const before = gateway.calls.length;
      await vi.waitFor(() => expect(gateway.calls.length).toBeGreaterThan(before), 20_000);
      gateway.calls[index]?.answer(answered('done'));
      await waitForStatus(services, id, 'REVIEW');
    }
    const before = gateway.calls.length;
    await vi.waitFor(() => expect(gateway.calls.length).toBeGreaterThan(before + 2), 20_000);
    expect(
      await services.sql(
        "SELECT dispatch_attempts, count(*)::int FROM tasks WHERE status IN ('ASSIGNED', 'IN_PROGRESS') GROUP BY 1",
      ),
    ).toEqual([{ dispatch_attempts: 0, count: 5 }]);
    expect(linesOf('gateway.broken')).toHaveLength(1);
    expect(linesOf('gateway.work_refused')).toEqual([]);
  });
});
