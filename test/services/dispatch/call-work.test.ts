import { describe, expect, it } from 'vitest';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { Process } from '../../scheduler/job-process.js';
import { aPushAgent, aTaskOf, runsOf, waitForStatus } from '../../support/factories/dispatch.js';
import type { TestServices } from '../../support/factories/services.js';
import { useDispatch } from '../../support/factories/use-dispatch.js';
import { answered, type ScriptedGateway } from '../../support/gateways/scripted-gateway.js';

let gateway: ScriptedGateway;
let here: Process;
let services: TestServices;

const { received } = useDispatch((test) => {
  ({ gateway, here, services } = test);
});

const keys = () =>
  services.sql(
    `SELECT role, agent_id, expires_at > now() AS expires, revoked_at IS NOT NULL AS revoked FROM api_keys
      WHERE name LIKE 'run_%' ORDER BY created_at`,
  );

describe('a dispatched call', () => {
  it('tells the gateway its task and its run', async () => {
    gateway.script = () => answered('done');
    const agent = await aPushAgent(services, { name: 'scout' });
    const task = await aTaskOf(services, agent, { title: 'Fix it', tags: ['ui'] });
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await waitForStatus(services, task.id, 'REVIEW');
    const [run] = await runsOf(services, task.id);
    const { work } = gateway.last().call;
    expect(work).toMatchObject({ taskRef: `TASK-${task.number}`, runId: run?.id });
    expect(JSON.parse(JSON.stringify(work?.task))).toMatchObject({
      ref: `TASK-${task.number}`,
      title: 'Fix it',
      tags: ['ui'],
      agent: 'scout',
      attempt: 1,
      runId: run?.id,
      prompt: expect.stringContaining('Fix it'),
    });
    expect(await keys()).toEqual([]);
  });

  it('tells the reviewer which result was submitted, and in which round', async () => {
    gateway.script = () => answered('done');
    await aPushAgent(services, { name: 'aegis', role: 'reviewer' });
    const task = await aTaskOf(services, await aPushAgent(services));
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await waitForStatus(services, task.id, 'REVIEW');
    await here.scheduler.runOnce('runAegisReviews');
    await received(2);
    expect(gateway.last().call.work).toMatchObject({
      taskRef: `TASK-${task.number}`,
      task: { agent: 'aegis', round: 1, resolution: 'done' },
    });
  });

  it('can have a key of its agent, which is revoked or expires', async () => {
    gateway.script = async ({ work }) => {
      const key = await work?.createKey();
      expect(await keys()).toEqual([{ role: 'AGENT', agent_id: agent.id, expires: true, revoked: false }]);
      await key?.revoke();
      return answered('done');
    };
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await waitForStatus(services, task.id, 'REVIEW');
    expect(await keys()).toEqual([{ role: 'AGENT', agent_id: agent.id, expires: true, revoked: true }]);
  });

  it('reports what it produces as the progress of its run, and writes nothing once the run is over', async () => {
    gateway.script = async (_call, { onProgress, signal }) => {
      onProgress?.('Reading');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      onProgress?.('Too late');
      return { outcome: 'ABORTED' };
    };
    await here.start();
    const agent = await aPushAgent(services);
    const task = await aTaskOf(services, agent);
    await received(1);
    await expect
      .poll(async () => (await runsOf(services, task.id))[0])
      .toMatchObject({ progress: 'Reading', outcome: 'RUNNING' });
    expect(await services.sql(`SELECT payload, agent_id FROM events WHERE type = 'run.progress'`)).toEqual([
      { payload: { message: 'Reading' }, agent_id: agent.id },
    ]);
    await cancelTask(services, services.admin, { task: { id: task.id } });
    await here.dispatcher.stop();
    expect(await runsOf(services, task.id)).toMatchObject([{ outcome: 'CANCELLED', progress: 'Reading' }]);
  });
});
