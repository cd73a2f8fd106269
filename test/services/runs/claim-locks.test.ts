import { describe, expect, it, vi } from 'vitest';
import { Unavailable } from '../../../src/kernel/unavailable.js';
import { isOutage } from '../../../src/postgres/outage.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent, aTask } from '../../support/factories/factory.js';
import { openTestServices, type TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';
import { watchClaims } from '../../support/servers/watched-claims.js';

let services: TestServices;
let other: TestServices;

useTwoProcesses((two) => {
  ({ services, other } = two);
});

const lockTask = (id: string) => holdLocks(other, 'SELECT FROM tasks WHERE id = $1 FOR UPDATE', [id]);
const lockAgent = (id: string) => holdLocks(other, 'SELECT FROM agents WHERE id = $1 FOR UPDATE', [id]);
const lockRun = (id: string) => holdLocks(other, 'SELECT FROM task_runs WHERE id = $1 FOR UPDATE', [id]);

describe('a claim while other transactions hold locks', () => {
  it('skips the first task if its row is locked', async () => {
    const agent = await anAgent(services);
    const best = await aTask(services, { priority: 'CRITICAL' });
    const next = await aTask(services);
    const lock = await lockTask(best.id);
    expect((await claimFor(services, agent)).task?.id).toBe(next.id);
    await lock.release();
    expect((await claimFor(services, agent)).task?.id).toBe(best.id);
  });

  it("skips the agent's own first task if its row is locked", async () => {
    const agent = await anAgent(services);
    const best = await aTask(services, { priority: 'HIGH', assignee: { id: agent.id } });
    const own = await aTask(services, { assignee: { id: agent.id } });
    const lock = await lockTask(best.id);
    expect((await claimFor(services, agent)).task?.id).toBe(own.id);
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
    await lock.release();
  });

  it('skips a task whose start has come while its row is locked, and gets it later', async () => {
    const agent = await anAgent(services);
    const due = await aTask(services);
    await services.sql("UPDATE tasks SET not_before = now() - interval '1 s' WHERE id = $1", [due.id]);
    const lock = await lockTask(due.id);
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
    await lock.release();
    expect((await claimFor(services, agent)).task?.id).toBe(due.id);
  });

  it('does not wait for the locked row of another agent, even in the same statement', async () => {
    const stuck = await anAgent(services);
    const agents = [await anAgent(services), await anAgent(services), await anAgent(services)];
    for (let i = 0; i < 4; i += 1) await aTask(services);
    const lock = await lockAgent(stuck.id);
    const { watched, tally } = watchClaims(services);
    const late = claimFor(watched, stuck);
    await vi.waitFor(() => expect(tally.claims).toBe(1), 20_000);
    const claims = await Promise.all(agents.map((agent) => claimFor(services, agent)));
    expect(claims.map(({ reason }) => reason)).toEqual(['ASSIGNED', 'ASSIGNED', 'ASSIGNED']);
    await lock.release();
    expect((await late).reason).toBe('ASSIGNED');
  });

  it('answers resume with the run that another transaction is renewing, and not with a second task', async () => {
    const agent = await anAgent(services);
    const { runId } = await aClaimedTask(services, agent);
    await aTask(services);
    const lock = await lockRun(runId);
    const { watched, tally } = watchClaims(services);
    const resumed = claimFor(watched, agent, { resume: true });
    await vi.waitFor(() => expect(tally.claims).toBe(1), 20_000);
    // The claims of one process run one after the other: this one comes after the first attempt of the other.
    await claimFor(services, await anAgent(services), { resume: true });
    await lock.release();
    const { reason, run } = await resumed;
    expect([reason, run?.id]).toEqual(['CONTINUE_CURRENT', runId]);
  });
});

describe('a process that stops handing out tasks', () => {
  it('refuses later claims, and claims that wait for a locked agent', async () => {
    const stopping = await openTestServices(services.database.connectionString);
    const agent = await anAgent(services);
    const bystander = await anAgent(services);
    await aTask(services);
    const lock = await lockAgent(agent.id);
    const locked = claimFor(stopping, agent).catch((error: unknown) => error);
    await claimFor(stopping, bystander);
    await stopping.claims.close();
    await lock.release();
    expect(await locked).toBeInstanceOf(Unavailable);
    await expect(claimFor(stopping, bystander)).rejects.toBeInstanceOf(Unavailable);
    await stopping.close();
    expect(await services.sql('SELECT FROM tasks WHERE assignee_id = $1', [agent.id])).toEqual([]);
  });

  it('answers the claims in progress, and claims that wait for those', async () => {
    const stopping = await openTestServices(services.database.connectionString);
    const { claims, lock } = await queueClaims(stopping, 3);
    const closed = stopping.claims.close();
    await lock.release();
    await closed;
    expect(await Promise.all(claims)).toEqual(['ASSIGNED', 'ASSIGNED', 'ASSIGNED']);
    await stopping.close();
  });
});

describe('a connection that breaks during claims', () => {
  it('fails the claims in progress with an outage, and later claims use a new connection', async () => {
    const { claims, lock } = await queueClaims(services, 5);
    await services.sql(`SELECT pg_terminate_backend(pid) ${WAITING_CLAIM}`);
    await lock.release();
    expect(await Promise.all(claims)).toEqual(['outage', 'outage', 'ASSIGNED', 'ASSIGNED', 'ASSIGNED']);
    expect(await services.sql("SELECT FROM tasks WHERE status = 'IN_PROGRESS'")).toHaveLength(3);
  });
});

const WAITING_CLAIM = `FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT c.request, c.reason%'`;

/**
 * Sends this many claims of one agent, each in a statement of its own. The first waits for the returned lock until it is
 * released.
 */
async function queueClaims(
  claiming: TestServices,
  count: number,
): Promise<{
  claims: Promise<string>[];
  lock: Awaited<ReturnType<typeof holdLocks>>;
}> {
  const agent = await anAgent(services);
  for (let i = 0; i < count; i += 1) await aTask(services);
  const lock = await holdLocks(other, 'LOCK TABLE tasks', []);
  const request = {
    maxCapacity: count,
    leaseMs: 60_000,
    resume: false,
    idempotencyKey: null,
    narrowing: null,
    fingerprint: null,
  };
  const claims = Array.from({ length: count }, async () => {
    try {
      return (await claiming.claims.claim({ agentId: agent.id, ...request })).reason;
    } catch (error) {
      return isOutage(error) ? 'outage' : String(error);
    }
  });
  await vi.waitFor(async () => expect(await services.sql(`SELECT ${WAITING_CLAIM}`)).toHaveLength(1), 20_000);
  return { claims, lock };
}
