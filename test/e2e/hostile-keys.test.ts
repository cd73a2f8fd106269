import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { bearer, post } from '../support/servers/client.js';
import { type Agent, anAgent, claim, codeOf, createKey, createTasks } from '../support/servers/fleet.js';

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

const who = { query: '{ viewer { role } }' };

/** Sends bad keys, 50 at a time, until it is stopped. Returns the statuses of the answers. */
function flood(url: string) {
  const statuses = new Map<number, number>();
  let isOver = false;
  async function send(lane: number) {
    for (let index = 0; !isOver; index += 1) {
      const { status } = await post(url, who, bearer(`mc_bad_${lane}_${index}`));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  const lanes = Array.from({ length: 50 }, (_, lane) => send(lane));
  return {
    statuses,
    async stop() {
      isOver = true;
      await Promise.all(lanes);
    },
  };
}

describe('a flood of bad keys from one address', () => {
  it('locks out neither a key that is in use nor one that this process has not seen yet', async () => {
    const { server, admin } = besieged;
    const keys = await Promise.all(
      Array.from({ length: 10 }, (_, index) => createKey(admin, { name: `key ${index}`, role: 'VIEWER' })),
    );
    const attack = flood(`${server.url}/graphql`);
    try {
      await expect.poll(() => attack.statuses.get(429) ?? 0, { timeout: 20_000 }).toBeGreaterThan(200);
      for (const { secret } of keys) {
        expect(await admin.with(secret).ask('{ viewer { role } }')).toEqual({ viewer: { role: 'VIEWER' } });
      }
      expect((await admin.send('{ viewer { role } }')).status).toBe(200);
    } finally {
      await attack.stop();
    }
    expect([...attack.statuses.keys()].sort()).toEqual([401, 429]);
  });
});
