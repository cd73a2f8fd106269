import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { registerAgent, updateAgent } from '../../../src/services/agents/register-agent.js';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import { waitForStatus } from '../../support/factories/dispatch.js';
import { anAgent, aTaskIn } from '../../support/factories/factory.js';
import { answered, ScriptedGateway } from '../../support/gateways/scripted-gateway.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';

let database: TestDatabase;
let gateway: ScriptedGateway;
let here: Process;

beforeAll(async () => {
  database = await createTestDatabase();
  gateway = new ScriptedGateway();
  gateway.script = () => answered('Good work. VERDICT: APPROVED\n\nVERDICT: APPROVED');
  here = await aProcess(database.url, { gateways: [gateway], defaultGateway: 'scripted' });
  await here.start();
});
afterAll(async () => {
  await here.close();
  await database.drop();
});

describe('Aegis', () => {
  it('takes two steps where the server has a default gateway: to register it, and to give it the SOUL', async () => {
    const { services } = here;
    await registerAgent(services, services.admin, { name: 'aegis', role: 'reviewer' });
    await updateAgent(services, services.admin, { agent: { name: 'aegis' }, soulTemplate: 'reviewer' });
    const task = await aTaskIn(services, 'REVIEW', await anAgent(services));
    await waitForStatus(services, task.id, 'DONE');
    expect(gateway.calls.map(({ call }) => call.agentName)).toEqual(['aegis']);
    expect(gateway.last().call.soul).toContain('aegis');
  });

  it('has the name that MC_COORDINATOR_AGENT gives', async () => {
    const there = await aProcess(database.url, {
      gateways: [gateway],
      defaultGateway: 'scripted',
      coordinatorAgent: 'argus',
    });
    onTestFinished(() => there.close());
    const { services, scheduler } = there;
    await registerAgent(services, services.admin, { name: 'argus', role: 'reviewer' });
    // It would send the review to the agent that its own setting names.
    await here.scheduler.stop();
    const task = await aTaskIn(services, 'REVIEW', await anAgent(services));
    await scheduler.runOnce('runAegisReviews');
    await waitForStatus(services, task.id, 'DONE');
    expect(gateway.last().call.agentName).toBe('argus');
  });
});
