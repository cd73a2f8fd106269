import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { updateAgent } from '../../../src/services/agents/register-agent.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import { claimFor } from '../../support/factories/claims.js';
import { aPushAgent, aTaskOf, endBackoff, runsOf, waitForStatus } from '../../support/factories/dispatch.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { answered, hang, ScriptedGateway } from '../../support/gateways/scripted-gateway.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';

let database: TestDatabase;
let gateway: ScriptedGateway;
let here: Process;
let services: TestServices;

beforeEach(async () => {
  database = await createTestDatabase();
  gateway = new ScriptedGateway();
  here = await aProcess(database.url, { gateways: [gateway] });
  services = here.services;
});

afterEach(async () => {
  await here.close();
  await database.drop();
});

const runOnce = () => here.scheduler.runOnce('dispatchAssignedTasks');
const change = (agent: AgentRow, settings: object) =>
  updateAgent(services, services.admin, { agent: { id: agent.id }, ...settings });

describe('a task in the inbox', () => {
  it('is sent to a PUSH agent that has room, which then is its assignee without a pin', async () => {
    await here.start();
    gateway.script = () => answered('done');
    const agent = await aPushAgent(services);
    const { id } = await aTask(services);
    expect(await waitForStatus(services, id, 'REVIEW')).toMatchObject({
      assignee_id: agent.id,
      pinned: false,
    });
    expect(await runsOf(services, id)).toMatchObject([{ trigger: 'DISPATCH', agent_id: agent.id }]);
  });

  it('is sent in queue order with what is assigned to the agent, one by one within its capacity', async () => {
    const agent = await aPushAgent(services, { maxCapacity: 3 });
    await aTask(services, { title: 'inbox low', priority: 'LOW' });
    await aTaskOf(services, agent, { title: 'own medium' });
    await aTask(services, { title: 'inbox high', priority: 'HIGH' });
    await aTaskOf(services, agent, { title: 'own critical', priority: 'CRITICAL' });
    gateway.script = hang;
    expect(await runOnce()).toBe(3);
    const titles = await services.sql(
      'SELECT t.title FROM task_runs r JOIN tasks t ON t.id = r.task_id ORDER BY r.started_at, r.id',
    );
    expect(titles.map(({ title }) => title)).toEqual(['own critical', 'inbox high', 'own medium']);
  });

  it.each([
    ['does not accept tasks of the inbox', { acceptsInbox: false }],
    ['lacks a capability', { capabilities: ['python'] }],
    ['is paused', null],
    ['is there to review', { role: 'reviewer', acceptsInbox: undefined }],
    ['has no gateway', { config: {} }],
  ])('is not sent to an agent that %s', async (_what, settings) => {
    const agent = await aPushAgent(services, { capabilities: ['gpu'], ...settings });
    if (settings === null)
      await services.sql('UPDATE agents SET paused_at = now() WHERE id = $1', [agent.id]);
    await aTask(services, { requires: ['gpu'] });
    expect(await runOnce()).toBe(0);
    expect(gateway.calls).toEqual([]);
  });

  it('is not sent to an agent whose gateway refuses it, until its settings are changed', async () => {
    const agent = await aPushAgent(services);
    await services.sql('UPDATE agents SET error_at = now() WHERE id = $1', [agent.id]);
    await aTask(services);
    expect(await runOnce()).toBe(0);
    await change(agent, { config: { gatewayAgentId: 'right' } });
    expect(await runOnce()).toBe(1);
  });

  it('returns to the inbox when the attempt fails, and after the backoff goes to the first agent that asks', async () => {
    await here.start();
    const agent = await aPushAgent(services);
    gateway.script = () => ({ outcome: 'FAILED', error: 'overloaded', permanent: false });
    const { id } = await aTask(services);
    await vi.waitFor(
      async () => expect(await runsOf(services, id)).toMatchObject([{ outcome: 'FAILED' }]),
      20_000,
    );
    await change(agent, { acceptsInbox: false });
    expect(await waitForStatus(services, id, 'INBOX')).toMatchObject({
      assignee_id: null,
      dispatch_attempts: 1,
    });
    const pull = await anAgent(services);
    expect((await claimFor(services, pull)).task).toBeNull();
    await endBackoff(services, id);
    expect((await claimFor(services, pull)).task?.id).toBe(id);
  });

  it('is sent to the same agent again when its work is rejected', async () => {
    await here.start();
    gateway.script = () => answered('done');
    for (let i = 0; i < 2; i += 1) await aPushAgent(services);
    const { id } = await aTask(services);
    const first = await waitForStatus(services, id, 'REVIEW');
    await submitVerdict(services, services.admin, { task: { id }, verdict: 'REJECTED', feedback: 'again' });
    await vi.waitFor(async () => expect(await runsOf(services, id)).toHaveLength(2), 20_000);
    const runs = await runsOf(services, id);
    expect(runs.map(({ agent_id }) => agent_id)).toEqual([first.assignee_id, first.assignee_id]);
  });

  it('is handed out once when agents that ask compete with two servers that send', async () => {
    const there = await aProcess(database.url, { gateways: [gateway] });
    gateway.script = () => answered('done');
    for (let i = 0; i < 3; i += 1) await aPushAgent(services, { maxCapacity: 5 });
    const pull = await anAgent(services);
    const tasks = await Promise.all(Array.from({ length: 30 }, () => aTask(services)));
    await Promise.all([here.start(), there.start(), ...tasks.map(() => claimFor(services, pull))]);
    await vi.waitFor(
      async () => {
        const [row] = await services.sql<{ left: number }>(
          `SELECT count(*)::int AS left FROM tasks WHERE status NOT IN ('REVIEW') AND assignee_id IS DISTINCT FROM '${pull.id}'`,
        );
        expect(row?.left).toBe(0);
      },
      { timeout: 20_000 },
    );
    const twice = await services.sql('SELECT task_id FROM task_runs GROUP BY task_id HAVING count(*) > 1');
    expect(twice).toEqual([]);
    await there.close();
  });
});
