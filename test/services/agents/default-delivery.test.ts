import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import { registerAgent, updateAgent } from '../../../src/services/agents/register-agent.js';
import { settleDeliveries } from '../../../src/services/agents/settle-deliveries.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor, neverAborted } from '../../support/factories/claims.js';
import { anAgent } from '../../support/factories/factory.js';
import { createTestServices, openTestServices, type TestServices } from '../../support/factories/services.js';

/** A process with a default gateway, one that was started without, and one more with. */
let services: TestServices;
let without: TestServices;

beforeAll(async () => {
  services = await createTestServices({ defaultGateway: 'echo' });
  without = await openTestServices(services.database.connectionString);
  services.gateways.set('echo', createEchoGateway());
});
afterAll(async () => {
  await without.close();
  await services.close();
});

const deliveryOf = async (id: string) =>
  (await services.sql<{ delivery: string }>('SELECT delivery FROM agents WHERE id = $1', [id]))[0]?.delivery;

describe('the delivery of an agent that has none of its own', () => {
  it('is PUSH for a reviewer where the server has a default gateway, and PULL for all others', async () => {
    expect((await anAgent(services, { name: 'aegis' })).delivery).toBe('PUSH');
    expect((await anAgent(services, { role: 'reviewer' })).delivery).toBe('PUSH');
    expect((await anAgent(services, { role: 'coder' })).delivery).toBe('PULL');
    expect((await anAgent(without, { role: 'reviewer' })).delivery).toBe('PULL');
  });

  it('follows the role, and not a delivery that was set', async () => {
    const agent = await anAgent(services, { role: 'coder' });
    const change = { agent: { id: agent.id } };
    const reviewer = await updateAgent(services, services.admin, { ...change, role: 'reviewer' });
    expect(reviewer.delivery).toBe('PUSH');
    expect((await updateAgent(services, services.admin, { ...change, role: 'coder' })).delivery).toBe('PULL');
    const set = await anAgent(services, { role: 'reviewer', delivery: 'PULL' });
    expect(set.delivery).toBe('PULL');
    const again = await registerAgent(services, services.admin, { name: set.name, role: 'reviewer' });
    expect(again.agent.delivery).toBe('PULL');
    await settleDeliveries(services);
    expect(await deliveryOf(set.id)).toBe('PULL');
  });

  it.each([
    ['a task', (agent: AgentRow) => claimFor(services, agent)],
    [
      'a review',
      (agent: AgentRow) =>
        claimNextReview(services, services.admin, { agent: { id: agent.id } }, neverAborted),
    ],
  ] as const)('is PULL once the agent has asked for %s by itself, for good', async (_what, ask) => {
    const agent = await anAgent(services, { role: 'reviewer' });
    await heartbeat(services, services.admin, { agent: { id: agent.id } });
    expect(await deliveryOf(agent.id)).toBe('PUSH');
    await ask(agent);
    expect(await deliveryOf(agent.id)).toBe('PULL');
    await ask(agent);
    const told = await services.sql(
      "SELECT payload FROM events WHERE type = 'agent.updated' AND agent_id = $1",
      [agent.id],
    );
    expect(told).toEqual([{ payload: { changedFields: ['delivery'] } }]);
    await registerAgent(services, services.admin, { name: agent.name, role: 'reviewer' });
    await settleDeliveries(services);
    expect(await deliveryOf(agent.id)).toBe('PULL');
  });

  it('follows the settings with which the server starts', async () => {
    const agent = await anAgent(without, { role: 'reviewer' });
    await settleDeliveries(services);
    expect(await deliveryOf(agent.id)).toBe('PUSH');
    await settleDeliveries(without);
    expect(await deliveryOf(agent.id)).toBe('PULL');
  });
});
