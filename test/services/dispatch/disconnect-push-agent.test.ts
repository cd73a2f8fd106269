import { describe, expect, it } from 'vitest';
import { disconnectAgent } from '../../../src/services/agents/disconnect-agent.js';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import type { Process } from '../../scheduler/job-process.js';
import { aPushAgent, aTaskOf, runsOf, waitForStatus } from '../../support/factories/dispatch.js';
import { anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useDispatch } from '../../support/factories/use-dispatch.js';
import { answered, type ScriptedGateway } from '../../support/gateways/scripted-gateway.js';

let gateway: ScriptedGateway;
let here: Process;
let services: TestServices;

const { received } = useDispatch((test) => {
  ({ gateway, here, services } = test);
});

const disconnect = ({ id }: { readonly id: string }) => disconnectAgent(services, services.admin, { id });

/** Waits until this call was aborted. */
const aborted = (index: number) =>
  expect.poll(() => gateway.calls[index]?.signal.aborted, { timeout: 5_000 }).toBe(true);

describe('a PUSH agent that is disconnected', () => {
  it('hands its running calls back at once: they are aborted and count as no attempt', async () => {
    await here.start();
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await received(1);
    await pauseAgent(services, services.admin, { id: agent.id });
    expect(await disconnect(agent)).toMatchObject({ lastSeenAt: null });
    await aborted(0);
    const row = await waitForStatus(services, task.id, 'ASSIGNED');
    expect(row).toMatchObject({ dispatch_attempts: 0, stale_requeues: 0, current_run_id: null });
    expect(await runsOf(services, task.id)).toMatchObject([
      { outcome: 'RELEASED', error: 'An operator disconnected the agent.' },
    ]);
  });

  it('keeps on its run what an aborted call had answered, and the task does not change', async () => {
    gateway.respondsToAborts = false;
    await here.start();
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await received(1);
    await pauseAgent(services, services.admin, { id: agent.id });
    await disconnect(agent);
    await aborted(0);
    gateway.last().answer(answered('too late'));
    await expect.poll(async () => (await runsOf(services, task.id))[0]?.output).toBe('too late');
    await waitForStatus(services, task.id, 'ASSIGNED');
  });

  it('does not get a task of the inbox again while another agent can take it', async () => {
    await here.start();
    const agent = await aPushAgent(services);
    const task = await aTask(services);
    await received(1);
    const other = await aPushAgent(services);
    await disconnect(agent);
    await received(2);
    expect(await runsOf(services, task.id)).toMatchObject([
      { agent_id: agent.id, outcome: 'RELEASED' },
      { agent_id: other.id, outcome: 'RUNNING' },
    ]);
  });

  it('gets the tasks that name it again at once, unless it is paused', async () => {
    await here.start();
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await received(1);
    await disconnect(agent);
    await received(2);
    // The dispatcher hears of the released run from the log, which may be after it has sent the task again.
    await expect.poll(() => gateway.calls.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(await runsOf(services, task.id)).toMatchObject([{ outcome: 'RELEASED' }, { outcome: 'RUNNING' }]);
  });

  it('hands reviews back too, and the next call for the round is not aborted', async () => {
    await here.start();
    const aegis = await aPushAgent(services, { name: 'aegis', role: 'reviewer' });
    const task = await aTaskIn(services, 'REVIEW', await anAgent(services));
    await received(1);
    await disconnect(aegis);
    await aborted(0);
    await received(2);
    gateway.last().answer(answered('VERDICT: APPROVED'));
    await waitForStatus(services, task.id, 'DONE');
    const runs = await services.sql('SELECT outcome, error FROM review_runs ORDER BY started_at');
    expect(runs).toEqual([
      { outcome: 'RELEASED', error: 'An operator disconnected the agent.' },
      { outcome: 'SUCCEEDED', error: null },
    ]);
  });
});
