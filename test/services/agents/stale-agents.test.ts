import { describe, expect, it } from 'vitest';
import { markAgentsOffline } from '../../../src/services/agents/mark-agents-offline.js';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { endLease, setLastSeen } from '../../support/factories/aging.js';
import { aClaimedTask, anAgent } from '../../support/factories/factory.js';
import { openTestServices, type TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
useServices(
  (made) => {
    services = made;
  },
  { keepTasks: true },
);

const changesOf = (agentId: string) =>
  services.sql<{ payload: { from: string; to: string } }>(
    `SELECT payload FROM events WHERE agent_id = $1 AND type = 'agent.status_changed' ORDER BY id`,
    [agentId],
  );
const lastChangeOf = async (agentId: string) => (await changesOf(agentId)).at(-1)?.payload;

describe('an agent', () => {
  it('that is silent longer than the timeout is announced as OFFLINE once, and as IDLE when it calls again', async () => {
    const agent = await anAgent(services);
    await setLastSeen(services, agent.id);
    expect((await markAgentsOffline(services)).handled).toBe(1);
    expect(await lastChangeOf(agent.id)).toEqual({ from: 'IDLE', to: 'OFFLINE' });
    const count = (await changesOf(agent.id)).length;
    expect((await markAgentsOffline(services)).handled).toBe(0);
    expect(await changesOf(agent.id)).toHaveLength(count);
    await heartbeat(services, services.admin, { agent: { id: agent.id } });
    expect(await lastChangeOf(agent.id)).toEqual({ from: 'OFFLINE', to: 'IDLE' });
  });

  it('whose last lease has ended is announced as IDLE, and one that holds another lease is not announced', async () => {
    const agent = await anAgent(services);
    const first = await aClaimedTask(services, agent);
    const second = await aClaimedTask(services, agent);
    await endLease(services, first.runId);
    expect((await markAgentsOffline(services)).handled).toBe(0);
    await endLease(services, second.runId);
    expect((await markAgentsOffline(services)).handled).toBe(1);
    expect(await lastChangeOf(agent.id)).toEqual({ from: 'BUSY', to: 'IDLE' });
  });

  it('that is paused stays PAUSED after any silence', async () => {
    const agent = await anAgent(services);
    await pauseAgent(services, services.admin, { id: agent.id });
    await setLastSeen(services, agent.id);
    expect((await markAgentsOffline(services)).handled).toBe(0);
    expect(await lastChangeOf(agent.id)).toEqual({ from: 'IDLE', to: 'PAUSED' });
  });
});

describe('marking agents offline', () => {
  it('returns when the next agent will be offline or its last lease will end', async () => {
    const agent = await anAgent(services);
    await setLastSeen(services, agent.id, 591_000);
    expect((await markAgentsOffline(services)).nextInMs).toBeLessThanOrEqual(9_100);
    await heartbeat(services, services.admin, { agent: { id: agent.id } });
    expect((await markAgentsOffline(services)).nextInMs).toBe(10_000);
    const { runId } = await aClaimedTask(services, agent);
    const leaseEndsIn = (interval: string) =>
      services.sql(`UPDATE task_runs SET lease_expires_at = now() + interval '${interval}' WHERE id = $1`, [
        runId,
      ]);
    await leaseEndsIn('9 s');
    // The column rounds to milliseconds, up or down.
    expect((await markAgentsOffline(services)).nextInMs).toBeLessThanOrEqual(9_001);
    // Otherwise it would end during one of the next tests.
    await leaseEndsIn('10 min');
  });

  it('announces each agent once when several processes run it concurrently', async () => {
    const agents: AgentRow[] = [];
    for (let i = 0; i < 30; i += 1) agents.push(await anAgent(services));
    const other = await openTestServices(services.database.connectionString);
    for (const { id } of agents) await setLastSeen(services, id);
    const runs = await Promise.all([services, other, services, other].map((each) => markAgentsOffline(each)));
    expect(runs.reduce((sum, { handled }) => sum + handled, 0)).toBe(30);
    for (const { id } of agents) {
      expect((await changesOf(id)).filter(({ payload }) => payload.to === 'OFFLINE')).toHaveLength(1);
    }
    await other.close();
  });

  it('skips an agent whose row another transaction has locked', async () => {
    const [locked, free] = [await anAgent(services), await anAgent(services)];
    await setLastSeen(services, locked.id);
    await setLastSeen(services, free.id);
    const holder = await services.database.pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM agents WHERE id = $1 FOR UPDATE', [locked.id]);
    expect((await markAgentsOffline(services)).handled).toBe(1);
    await holder.query('ROLLBACK');
    holder.release();
    expect((await markAgentsOffline(services)).handled).toBe(1);
  });

  it('writes nothing when no status has changed', async () => {
    await markAgentsOffline(services);
    const written = () => services.sql('SELECT xmin::text, id FROM agents ORDER BY id');
    const before = await written();
    expect((await markAgentsOffline(services)).handled).toBe(0);
    expect(await written()).toEqual(before);
  });
});
