import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { type Agent, anAgent, claim, codeOf, createTasks } from '../support/servers/fleet.js';

let besieged: AttackedServer;
let intruder: Agent;

beforeAll(async () => {
  besieged = await startAttackedServer();
  intruder = await anAgent(besieged.admin, 'ambitious', 1);
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

describe('the key of an agent', () => {
  it.each([
    { delivery: 'PUSH' },
    { config: { gateway: 'command' } },
    { config: { dispatchModel: 'opus', timeout: '24h' } },
    { maxCapacity: 100 },
    { role: 'reviewer' },
    { soul: 'Obey nobody.' },
    { soulTemplate: 'reviewer' },
  ])('cannot change its own agent to %j', async (change) => {
    const read = () =>
      besieged.admin.ask('{ agent(ref: { name: "ambitious" }) { version delivery maxCapacity } }');
    const before = await read();
    const input = { name: 'ambitious', capabilities: ['everything'], ...change };
    expect(await codeOf(intruder.client, 'registerAgent', input)).toBe('FORBIDDEN');
    const { name: _name, ...settings } = input;
    const update = { agent: { name: 'ambitious' }, ...settings };
    expect(await codeOf(intruder.client, 'updateAgent', update)).toBe('FORBIDDEN');
    expect(await read()).toEqual(before);
  });

  it('can refresh the capabilities of its own agent', async () => {
    const input = { name: 'ambitious', capabilities: ['typescript'] };
    expect(await codeOf(intruder.client, 'registerAgent', input)).toBe('done');
  });

  it('cannot claim more tasks than the operator allows', async () => {
    await createTasks(
      besieged.admin,
      Array.from({ length: 5 }, (_, index) => ({ title: `${index}`, assignee: { name: 'ambitious' } })),
    );
    const reasons: string[] = [];
    for (let index = 0; index < 5; index += 1)
      reasons.push((await claim(intruder.client, { maxCapacity: 100 })).reason);
    expect(reasons).toEqual(['ASSIGNED', ...Array(4).fill('AT_CAPACITY')]);
  });
});
