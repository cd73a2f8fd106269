import { describe, expect, it } from 'vitest';
import { createEchoGateway } from '../../../src/gateway/echo.js';
import { pauseAgent, resumeAgent } from '../../../src/services/agents/pause-agent.js';
import {
  type AgentSettings,
  registerAgent,
  updateAgent,
} from '../../../src/services/agents/register-agent.js';
import { aKeyOf, anAgent } from '../../support/factories/factory.js';
import { namedRefusalsOf, refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;

useTwoProcesses((two) => {
  ({ services, other } = two);
  for (const { gateways } of [services, other])
    gateways.set('openclaw', { ...createEchoGateway(), name: 'openclaw' }).set('echo', createEchoGateway());
});

const register = (name: string, settings: AgentSettings = {}, viewer = services.admin, process = services) =>
  registerAgent(process, viewer, { name, ...settings });
const eventsOf = (id: string) =>
  services.sql<{ type: string; payload: unknown }>(
    'SELECT type, payload FROM events WHERE agent_id = $1 ORDER BY id',
    [id],
  );

const EVERYTHING = {
  role: 'coder',
  capabilities: ['typescript', 'sql'],
  maxCapacity: 7,
  delivery: 'PUSH',
  soul: 'You are careful.',
  config: {
    dispatchModel: '9router/cc/claude-opus-4-6',
    defaultModel: 'sonnet',
    gateway: 'openclaw',
    gatewayAgentId: 'main',
    timeout: 90_000,
    extra: { theme: { dark: true } },
  },
} as const;

describe('registering an agent', () => {
  it('creates the agent the first time, IDLE, and answers that it was created', async () => {
    const { agent, created } = await register('first');
    expect(created).toBe(true);
    expect(agent).toMatchObject({
      name: 'first',
      role: 'agent',
      capabilities: [],
      maxCapacity: 1,
      delivery: 'PULL',
      soul: null,
      configExtra: {},
      announcedStatus: 'IDLE',
      version: 1,
    });
    expect(agent.lastSeenAt).not.toBeNull();
    expect((await eventsOf(agent.id)).map(({ type }) => type)).toEqual([
      'agent.created',
      'agent.status_changed',
    ]);
  });

  it('updates the agent the second time: given fields change, omitted fields stay', async () => {
    const { agent: before } = await register('refreshed', EVERYTHING);
    const { agent, created } = await register('refreshed', { maxCapacity: 3 });
    expect(created).toBe(false);
    expect(agent).toMatchObject({
      id: before.id,
      role: 'coder',
      capabilities: ['typescript', 'sql'],
      maxCapacity: 3,
      delivery: 'PUSH',
      soul: 'You are careful.',
      dispatchModel: '9router/cc/claude-opus-4-6',
      defaultModel: 'sonnet',
      gateway: 'openclaw',
      gatewayAgentId: 'main',
      timeoutMs: 90_000n,
      configExtra: { theme: { dark: true } },
      version: 2,
    });
    expect((await eventsOf(agent.id)).at(-1)).toEqual({
      type: 'agent.updated',
      payload: { changedFields: ['maxCapacity'] },
    });
  });

  it('with unchanged fields updates the last sighting and nothing else', async () => {
    const { agent: before } = await register('again', EVERYTHING);
    const events = await eventsOf(before.id);
    await services.sql("UPDATE agents SET last_seen_at = now() - interval '1 min' WHERE id = $1", [
      before.id,
    ]);
    const { agent } = await register('again', EVERYTHING);
    expect(agent.version).toBe(1);
    expect(Number(agent.lastSeenAt)).toBeGreaterThan(Number(before.lastSeenAt) - 30_000);
    expect(await eventsOf(before.id)).toEqual(events);
  });

  it('creates one agent when many processes register the name concurrently', async () => {
    for (let round = 0; round < 5; round += 1) {
      const made = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          register(`race-${round}`, {}, services.admin, i % 2 ? other : services),
        ),
      );
      expect(made.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(made.map(({ agent }) => agent.id)).size).toBe(1);
    }
  });

  it('treats names that differ in case as different agents', async () => {
    expect((await register('Case')).agent.id).not.toBe((await register('case')).agent.id);
  });

  it('with a template sets the SOUL, with name and role filled in', async () => {
    const { agent } = await register('souled', { role: 'tester', soulTemplate: 'tester' });
    expect(agent.soul).toContain('souled');
    expect(agent.soul).not.toMatch(/\{\{/);
    expect(await refusalOf(register('x', { soulTemplate: 'nope' }))).toMatchObject({
      code: 'UNKNOWN_TEMPLATE',
      path: ['soulTemplate'],
      message: expect.stringContaining('nope: there are orchestrator, developer, reviewer,'),
    });
    const both = { soul: 'x', soulTemplate: 'tester' };
    expect(await namedRefusalsOf(register('x', both))).toEqual(['INVALID soulTemplate']);
    expect(await services.sql("SELECT FROM agents WHERE name = 'x'")).toEqual([]);
  });

  it('refuses a gateway that the server does not have, and names those that it has', async () => {
    const typo = { config: { gateway: 'openclow' } };
    const refused = { code: 'UNKNOWN_GATEWAY', path: ['config', 'gateway'] };
    const refusal = await refusalOf(register('mistyped', typo));
    expect(refusal).toMatchObject(refused);
    expect(refusal.message).toContain('no gateway openclow. It has: echo, openclaw.');
    expect(await services.sql("SELECT FROM agents WHERE name = 'mistyped'")).toEqual([]);
    const { agent } = await register('routed', { config: { gateway: 'openclaw' } });
    expect(await refusalOf(register('routed', typo))).toMatchObject(refused);
    const change = { agent: { id: agent.id }, ...typo };
    expect(await refusalOf(updateAgent(services, services.admin, change))).toMatchObject(refused);
    await services.sql("UPDATE agents SET gateway = 'gone' WHERE id = $1", [agent.id]);
    const repeated = await register('routed', { config: { gateway: 'gone' }, maxCapacity: 9 });
    expect(repeated.agent).toMatchObject({ gateway: 'gone', maxCapacity: 9 });
  });

  it('lets an agent key refresh the capabilities of its own agent, and nothing else', async () => {
    const agent = await anAgent(services, { role: 'coder' });
    const key = await aKeyOf(services, agent);
    const { agent: refreshed } = await register(agent.name, { role: 'coder', capabilities: ['new'] }, key);
    expect(refreshed.capabilities).toEqual(['new']);
    const before = await services.sql('SELECT * FROM agents WHERE id = $1', [agent.id]);
    const { capabilities: _allowed, ...others } = { ...EVERYTHING, role: 'reviewer' };
    expect(await namedRefusalsOf(register(agent.name, others, key))).toEqual([
      'FORBIDDEN role',
      'FORBIDDEN maxCapacity',
      'FORBIDDEN soul',
      'FORBIDDEN config.dispatchModel',
      'FORBIDDEN config.defaultModel',
      'FORBIDDEN config.gateway',
      'FORBIDDEN config.gatewayAgentId',
      'FORBIDDEN config.timeout',
      'FORBIDDEN config.extra',
      'FORBIDDEN delivery',
    ]);
    expect(await namedRefusalsOf(register(agent.name, { soulTemplate: 'tester' }, key))).toEqual([
      'FORBIDDEN soul',
    ]);
    expect(await services.sql('SELECT * FROM agents WHERE id = $1', [agent.id])).toEqual(before);
    // The delivery then follows from the role again, which the key of the agent has not changed.
    await services.sql("UPDATE agents SET delivery = 'PUSH', delivery_chosen = false WHERE id = $1", [
      agent.id,
    ]);
    const { agent: derived } = await register(agent.name, { capabilities: ['newer'] }, key);
    expect([derived.capabilities, derived.delivery]).toEqual([['newer'], 'PULL']);
    expect(await namedRefusalsOf(register('somebody-else', {}, key))).toEqual(['FORBIDDEN name']);
    const stranger = await anAgent(services);
    expect(await namedRefusalsOf(register(stranger.name, {}, key))).toEqual(['FORBIDDEN name']);
  });
});

describe('updating an agent', () => {
  it('changes the given fields, clears a field by null, and without fields changes nothing', async () => {
    const { agent } = await register('updated', EVERYTHING);
    const ref = { agent: { name: 'updated' } };
    const cleared = await updateAgent(services, services.admin, {
      ...ref,
      soul: null,
      config: { gateway: null, timeout: null },
    });
    expect(cleared).toMatchObject({
      soul: null,
      gateway: null,
      timeoutMs: null,
      defaultModel: 'sonnet',
      version: 2,
    });
    expect((await updateAgent(services, services.admin, ref)).version).toBe(2);
    expect((await updateAgent(services, services.admin, { ...ref, config: {} })).version).toBe(2);
    expect((await eventsOf(agent.id)).at(-1)?.payload).toEqual({
      changedFields: ['soul', 'gateway', 'timeoutMs'],
    });
  });

  it("treats null as not given for a field that can't be empty", async () => {
    await register('never-empty');
    const empty = { role: null, capabilities: null, maxCapacity: null, delivery: null, config: null };
    for (const [field, value] of Object.entries(empty)) {
      const change = { agent: { name: 'never-empty' }, [field]: value };
      const refusal = await refusalOf(updateAgent(services, services.admin, change));
      expect(refusal).toMatchObject({ code: 'INVALID', path: [field] });
    }
  });

  it('is refused when the expected version differs', async () => {
    await register('versioned');
    const change = { agent: { name: 'versioned' }, maxCapacity: 2, expectedVersion: 2 };
    const refusal = await refusalOf(updateAgent(services, services.admin, change));
    expect(refusal).toMatchObject({ code: 'VERSION_CONFLICT', expected: 2, actual: 1 });
    const updated = await updateAgent(services, services.admin, { ...change, expectedVersion: 1 });
    expect(updated).toMatchObject({ maxCapacity: 2, version: 2 });
  });

  it('does not update the last sighting', async () => {
    const { agent } = await register('quiet');
    await services.sql("UPDATE agents SET last_seen_at = now() - interval '1 h' WHERE id = $1", [agent.id]);
    const updated = await updateAgent(services, services.admin, { agent: { id: agent.id }, maxCapacity: 2 });
    expect(Number(updated.lastSeenAt)).toBeLessThan(Number(agent.lastSeenAt));
  });
});

describe('pausing an agent', () => {
  it('changes nothing the second time, and neither does resuming', async () => {
    const agent = await anAgent(services);
    const ref = { id: agent.id };
    const paused = await pauseAgent(services, services.admin, ref);
    expect([paused.announcedStatus, paused.version]).toEqual(['PAUSED', agent.version + 1]);
    const events = await eventsOf(agent.id);
    expect(await pauseAgent(services, services.admin, ref)).toEqual(paused);
    expect(await eventsOf(agent.id)).toEqual(events);
    const resumed = await resumeAgent(services, services.admin, ref);
    expect([resumed.announcedStatus, resumed.pausedAt]).toEqual(['IDLE', null]);
    expect(await resumeAgent(services, services.admin, ref)).toEqual(resumed);
  });
});
