import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerAgent, updateAgent } from '../../../src/services/agents/register-agent.js';
import { aProcess, type Process } from '../../scheduler/process.js';
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
});
