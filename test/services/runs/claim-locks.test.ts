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

describe('a claim while others hold locks', () => {
  it('steps over the best task if somebody holds its row', async () => {
    const agent = await anAgent(services);
    const best = await aTask(services, { priority: 'CRITICAL' });
    const next = await aTask(services);
    const lock = await lockTask(best.id);
    expect((await claimFor(services, agent)).task?.id).toBe(next.id);
    await lock.release();
    expect((await claimFor(services, agent)).task?.id).toBe(best.id);
  });

  it("steps over the agent's own best task likewise", async () => {
    const agent = await anAgent(services);
    const best = await aTask(services, { priority: 'HIGH', assignee: { id: agent.id } });
    const own = await aTask(services, { assignee: { id: agent.id } });
    const lock = await lockTask(best.id);
    expect((await claimFor(services, agent)).task?.id).toBe(own.id);
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
    await lock.release();
  });

  it('steps over a task whose start has come while somebody holds its row, and gets it later', async () => {
    const agent = await anAgent(services);
    const due = await aTask(services);
    await services.sql("UPDATE tasks SET not_before = now() - interval '1 s' WHERE id = $1", [due.id]);
    const lock = await lockTask(due.id);
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
    await lock.release();
    expect((await claimFor(services, agent)).task?.id).toBe(due.id);
  });

  it('is not held up by the locked row of another agent, even in the same statement', async () => {
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

  it('answers resume with the run that is being renewed by somebody, and not with a second task', async () => {
    const agent = await anAgent(services);
    const { runId } = await aClaimedTask(services, agent);
    await aTask(services);
    const lock = await lockRun(runId);
    const { watched, tally } = watchClaims(services);
    const resumed = claimFor(watched, agent, { resume: true });
    await vi.waitFor(() => expect(tally.claims).toBe(1), 20_000);
    // The claims of one process go one after the other: this one has come behind the first try of the other.
    await claimFor(services, await anAgent(services), { resume: true });
    await lock.release();
    const { reason, run } = await resumed;
    expect([reason, run?.id]).toEqual(['CONTINUE_CURRENT', runId]);
  });
});

describe('a process that stops handing out tasks', () => {
  it('refuses what comes later, and what waits for a locked agent', async () => {
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

  it('answers what is under way, and what waits for that', async () => {
    const stopping = await openTestServices(services.database.connectionString);
    const { claims, lock } = await standInLine(stopping, 3);
    const closed = stopping.claims.close();
    await lock.release();
    await closed;
    expect(await Promise.all(claims)).toEqual(['ASSIGNED', 'ASSIGNED', 'ASSIGNED']);
    await stopping.close();
  });
});

describe('a connection that breaks under claims', () => {
  it('is an outage for those under way, and the others go on with the next one', async () => {
    const { claims, lock } = await standInLine(services, 5);
    await services.sql(`SELECT pg_terminate_backend(pid) ${WAITING_CLAIM}`);
    await lock.release();
    expect(await Promise.all(claims)).toEqual(['outage', 'outage', 'ASSIGNED', 'ASSIGNED', 'ASSIGNED']);
    expect(await services.sql("SELECT FROM tasks WHERE status = 'IN_PROGRESS'")).toHaveLength(3);
  });
});

const WAITING_CLAIM = `FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT c.request, c.reason%'`;

/**
 * What so many claims of one agent come to, each a statement of its own. The first waits for a lock that nobody gets past,
 * until it is released.
 */
async function standInLine(
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
