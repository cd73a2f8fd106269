import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecoveredAnswer } from '../../../src/gateway/gateway.js';
import { identifyProcess, nameOwnProcess } from '../../../src/kernel/process-identity.js';
import { openDispatch } from '../../../src/services/dispatch/open-dispatch.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { requeueStaleTasks } from '../../../src/services/runs/requeue-stale-tasks.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import { endLease } from '../../support/factories/aging.js';
import { aPushAgent, aTaskOf, runsOf, waitForStatus } from '../../support/factories/dispatch.js';
import type { TestServices } from '../../support/factories/services.js';
import { answered, hang, ScriptedGateway } from '../../support/gateways/scripted-gateway.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';

let database: TestDatabase;
let gateway: ScriptedGateway;
let here: Process;
let there: Process;
let services: TestServices;

beforeEach(async () => {
  database = await createTestDatabase();
  gateway = new ScriptedGateway();
  here = await aProcess(database.url, { gateways: [gateway] });
  there = await aProcess(database.url, { gateways: [gateway] });
  services = here.services;
});

afterEach(async () => {
  await Promise.all([here.close(), there.close()]);
  await database.drop();
});

const turnOf = (process: Process) => process.scheduler.runOnce('dispatchAssignedTasks');

/** A task whose run was opened by a process that died on the next line. */
async function anOrphan(agent?: AgentRow, dispatcher = 'srv_dead') {
  const owner = { dispatcher, leaseMs: 30_000 };
  const worker = agent ?? (await aPushAgent(services));
  const task = await aTaskOf(services, worker);
  const opened = await openDispatch(services, worker.id, gateway, owner);
  return { task, worker, runId: opened!.run.id };
}

/** Lets the process take over the run of another process. Repeats if the other has renewed the lease in between. */
function takeOver(process: Process, runId: string): Promise<void> {
  return vi.waitFor(async () => {
    await endLease(services, runId);
    expect(await turnOf(process)).toBe(1);
  }, 20_000);
}

/** Lets the gateway delay its answer about the outcome of a call until the returned function is called. */
function untilTold(): (answer: RecoveredAnswer) => void {
  let tell: (answer: RecoveredAnswer) => void;
  const told = new Promise<RecoveredAnswer>((resolve) => {
    tell = resolve;
  });
  gateway.recovery = () => told;
  return (answer) => tell(answer);
}

describe('a run whose process has died', () => {
  it('is not taken over while its lease lasts', async () => {
    const { task } = await anOrphan();
    expect(await turnOf(here)).toBe(0);
    expect(gateway.recoveries).toEqual([]);
    await waitForStatus(services, task.id, 'IN_PROGRESS');
  });

  it.runIf(process.platform === 'linux')(
    'is taken over within three seconds if the process was on this machine and no longer runs',
    async () => {
      const child = spawn('cat');
      await once(child, 'spawn');
      const alive = `srv_alive ${await nameOwnProcess()}`;
      const dead = `srv_dead ${child.pid} ${await identifyProcess(child.pid ?? 0)}`;
      const elsewhere = dead.replace(/ [0-9a-f]{8}-/, ' 00000000-');
      const agents = await Promise.all([1, 2, 3].map(() => aPushAgent(services)));
      await anOrphan(agents[0], alive);
      await anOrphan(agents[1], dead);
      await anOrphan(agents[2], elsewhere);
      const shortened = () =>
        services.sql(
          "SELECT dispatcher FROM task_runs WHERE lease_expires_at < started_at + interval '30 s' AND lease_expires_at < now() + interval '3 s'",
        );
      await turnOf(here);
      expect(await shortened()).toEqual([]);

      child.kill('SIGKILL');
      await once(child, 'close');
      await turnOf(here);
      expect(await shortened()).toEqual([{ dispatcher: dead }]);
    },
  );

  it('is asked about with the stored state of its call, and completed if the gateway has the answer', async () => {
    gateway.recovery = () => answered('found again');
    const { task, runId } = await anOrphan();
    await services.sql(
      `UPDATE task_runs SET gateway_state = '{"boot": "b1", "n": 1}', gateway_run_id = 'r1'`,
    );
    await endLease(services, runId);
    expect(await turnOf(here)).toBe(1);
    expect(await waitForStatus(services, task.id, 'REVIEW')).toMatchObject({ resolution: 'found again' });
    expect(await runsOf(services, task.id)).toMatchObject([{ id: runId, outcome: 'SUCCEEDED' }]);
    expect(gateway.recoveries).toMatchObject([
      { call: { idempotencyKey: `mc-${task.id}-1` }, state: { boot: 'b1', n: 1 } },
    ]);
    expect(gateway.calls).toEqual([]);
  });

  it.each<[string, RecoveredAnswer, number, string]>([
    ['a failed attempt if the outcome is unknown', { outcome: 'UNKNOWN' }, 1, 'FAILED'],
    ['no attempt if it never began', { outcome: 'NOT_BEGUN', error: 'x', retryAfterMs: null }, 0, 'RELEASED'],
    ['a failed attempt if it failed', { outcome: 'FAILED', error: 'x', permanent: false }, 1, 'FAILED'],
  ])('counts as %s', async (_what, answer, attempts, outcome) => {
    // Only after the job run: during it, a run that is released would be dispatched again at once.
    const tell = untilTold();
    const { task, runId } = await anOrphan();
    await endLease(services, runId);
    expect(await turnOf(here)).toBe(1);
    tell(answer);
    expect(await waitForStatus(services, task.id, 'ASSIGNED')).toMatchObject({
      dispatch_attempts: attempts,
      stale_requeues: 0,
    });
    expect((await runsOf(services, task.id))[0]).toMatchObject({ outcome });
    expect(gateway.recoveries).toMatchObject([{ state: null }]);
  });

  it('is taken over once by many processes', async () => {
    gateway.recovery = hang;
    for (let round = 0; round < 5; round += 1) {
      const { runId } = await anOrphan();
      await endLease(services, runId);
      const taken = await Promise.all([here, there, here, there].map(turnOf));
      expect(taken.reduce((sum, each) => sum + each, 0)).toBe(1);
      expect(gateway.recoveries).toHaveLength(round + 1);
    }
  });

  it('is taken over by another server when its lease ends, without any event', async () => {
    gateway.recovery = () => answered('found again');
    const { task } = await anOrphan();
    await services.sql("UPDATE task_runs SET lease_expires_at = now() + interval '300 ms'");
    await here.start();
    await waitForStatus(services, task.id, 'REVIEW');
  });

  it('is left to a process that has its gateway, and finally to the recovery of stale tasks', async () => {
    const without = await aProcess(database.url, { gateways: [] });
    const { task, runId } = await anOrphan();
    await endLease(services, runId);
    expect(await turnOf(without)).toBe(0);
    expect((await requeueStaleTasks(services)).handled).toBe(0);
    await endLease(services, runId, 600_001);
    expect((await requeueStaleTasks(services)).handled).toBe(1);
    expect(await waitForStatus(services, task.id, 'ASSIGNED')).toMatchObject({ stale_requeues: 1 });
    await without.close();
  });

  it('is not kept alive by a heartbeat of its agent', async () => {
    const { worker, runId } = await anOrphan();
    await endLease(services, runId);
    const { runs } = await heartbeat(services, services.admin, { agent: { id: worker.id } });
    expect(runs).toEqual([]);
    expect(await services.sql('SELECT FROM task_runs WHERE lease_expires_at > now()')).toEqual([]);
  });
});

describe('a process that was suspended while another one took over its run', () => {
  it('stores its answer and changes nothing else', async () => {
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await turnOf(here);
    const [{ id: runId }] = (await runsOf(services, task.id)) as [{ id: string }];
    const tell = untilTold();
    await takeOver(there, runId);
    gateway.last().answer({ outcome: 'FAILED', error: 'the socket broke while frozen', permanent: false });
    await vi.waitFor(() => expect(gateway.recoveries).toHaveLength(1), 20_000);
    await waitForStatus(services, task.id, 'IN_PROGRESS');
    tell(answered('the right one'));
    expect(await waitForStatus(services, task.id, 'REVIEW')).toMatchObject({
      resolution: 'the right one',
      dispatch_attempts: 0,
    });
    expect(await runsOf(services, task.id)).toMatchObject([{ outcome: 'SUCCEEDED' }]);
  });

  it('aborts its own call when it tries to renew the lease', async () => {
    const quick = await aProcess(database.url, { gateways: [gateway], dispatching: { leaseMs: 10_000 } });
    const task = await aTaskOf(services, await aPushAgent(services));
    await turnOf(quick);
    gateway.recovery = hang;
    const [{ id: runId }] = (await runsOf(services, task.id)) as [{ id: string }];
    await takeOver(there, runId);
    await vi.waitFor(() => expect(gateway.last().signal.aborted).toBe(true), 20_000);
    await waitForStatus(services, task.id, 'IN_PROGRESS');
    await quick.close();
  });
});
