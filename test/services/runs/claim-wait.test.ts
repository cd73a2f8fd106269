import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { claimFor, neverAborted } from '../../support/factories/claims.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';
import { type ClaimTally, watchClaims } from '../../support/servers/watched-claims.js';

let services: TestServices;
let tally: ClaimTally;
let gone: AbortController;
let stopping = false;

useServices((made) => {
  services = { ...made, stopping: () => stopping };
});
beforeEach(() => {
  ({ watched: services, tally } = watchClaims(services));
  gone = new AbortController();
  stopping = false;
});
afterEach(() => gone.abort());

const patience = { timeout: 20_000, interval: 5 };
const parked = (count: number) =>
  vi.waitFor(() => expect(tally.waits.length).toBeGreaterThanOrEqual(count), patience);
const statusOf = async (id: string) =>
  (await services.sql<{ status: string }>('SELECT status FROM tasks WHERE id = $1', [id]))[0]?.status;

describe('a claim that waits', () => {
  const patient = { waitSeconds: 30 };

  it('gets a task as soon as work is announced', async () => {
    const agent = await anAgent(services);
    const claim = claimFor(services, agent, patient);
    await parked(1);
    const task = await aTask(services);
    services.claimWaiters.announce(null);
    expect((await claim).task?.id).toBe(task.id);
    expect(tally.claims).toBe(2);
  });

  it('polls after ten seconds for a task that was not announced', async () => {
    void claimFor(services, await anAgent(services), { waitSeconds: 60 }, gone.signal);
    await parked(1);
    expect(tally.waits).toEqual([10_000]);
  });

  it('gets its assigned task when that is announced, and other claims are not woken', async () => {
    const [agent, other] = [await anAgent(services), await anAgent(services)];
    void claimFor(services, other, patient, gone.signal);
    await parked(1);
    const claim = claimFor(services, agent, patient);
    await parked(2);
    const task = await aTask(services, { assignee: { id: agent.id } });
    services.claimWaiters.announce(agent.id);
    expect((await claim).task?.id).toBe(task.id);
    expect(tally.claims).toBe(3);
  });

  it('is woken in turn: each task wakes one claim, and the next task another one', async () => {
    const agents = await Promise.all(Array.from({ length: 10 }, () => anAgent(services)));
    const claims = agents.map((agent) => claimFor(services, agent, patient, gone.signal));
    await parked(10);
    const tasks = [await aTask(services), await aTask(services)];
    services.claimWaiters.announce(null);
    services.claimWaiters.announce(null);
    const first = await Promise.race(claims);
    await vi.waitFor(async () => {
      for (const { id } of tasks) expect(await statusOf(id)).toBe('IN_PROGRESS');
    }, patience);
    expect(first.reason).toBe('ASSIGNED');
    expect(tally.claims).toBe(12);
  });

  it('passes the notification on if its agent is at capacity by then', async () => {
    const [full, free] = [await anAgent(services), await anAgent(services)];
    const filled = claimFor(services, full, { ...patient, maxCapacity: 1 });
    await parked(1);
    const claim = claimFor(services, free, patient);
    await parked(2);
    await aTask(services, { assignee: { id: full.id } });
    await claimFor(services, full);
    const task = await aTask(services);
    services.claimWaiters.announce(null);
    expect((await claim).task?.id).toBe(task.id);
    expect((await filled).reason).toBe('AT_CAPACITY');
  });

  it('passes on a notification that comes while it takes another task', async () => {
    const [first, second] = [await anAgent(services), await anAgent(services)];
    await aTask(services, { title: 'own', assignee: { id: first.id } });
    const lock = await holdLocks(services, 'SELECT FROM agents WHERE id = $1 FOR UPDATE', [first.id]);
    const busy = claimFor(services, first, patient);
    await vi.waitFor(() => expect(tally.claims).toBe(1), patience);
    const claim = claimFor(services, second, patient);
    await parked(1);
    // The first watcher is notified, but it is about to get its own task.
    await services.sql(
      "INSERT INTO tasks (id, title, status, priority, tags) VALUES ('task_x', 'x', 'INBOX', 'LOW', '{}')",
    );
    services.claimWaiters.announce(null);
    await lock.release();
    expect((await busy).task?.title).toBe('own');
    expect((await claim).task?.id).toBe('task_x');
  });

  it('gets a task whose start has come, without a notification', async () => {
    const agent = await anAgent(services);
    const claim = claimFor(services, agent, patient);
    await parked(1);
    services.claimWaiters.announce(null);
    await parked(2);
    const soon = new Date(Date.now() + 400);
    const task = await aTask(services, { startsAt: soon });
    services.claimWaiters.announce(null);
    expect((await claim).task?.id).toBe(task.id);
    expect(Math.max(0, ...tally.waits.slice(2))).toBeLessThan(500);
  });

  it('does not query repeatedly while an eligible task is locked', async () => {
    const agent = await anAgent(services);
    const due = await aTask(services);
    await services.sql("UPDATE tasks SET not_before = now() - interval '1 s' WHERE id = $1", [due.id]);
    const lock = await holdLocks(services, 'SELECT FROM tasks WHERE id = $1 FOR UPDATE', [due.id]);
    const claim = claimFor(services, agent, patient);
    await parked(3);
    await lock.release();
    expect((await claim).task?.id).toBe(due.id);
    expect(Math.min(...tally.waits)).toBeGreaterThanOrEqual(10);
  });

  it('ends without a task when its wait is over', async () => {
    const agent = await anAgent(services);
    const later = new Date(Date.now() + 3_600_000);
    await aTask(services, { startsAt: later });
    expect(await claimFor(services, agent, { waitSeconds: 1 })).toEqual({
      reason: 'NO_TASKS_AVAILABLE',
      task: null,
      run: null,
      nextEligibleAt: later,
    });
    // A timer may be a millisecond early, which leads to a third query. On a slow machine the first is the last.
    expect(tally.claims).toBeLessThanOrEqual(3);
  });

  it('takes no task for a caller that has disconnected', async () => {
    const agent = await anAgent(services);
    const claim = claimFor(services, agent, patient, gone.signal);
    await parked(1);
    const task = await aTask(services);
    gone.abort();
    expect((await claim).reason).toBe('NO_TASKS_AVAILABLE');
    expect(await statusOf(task.id)).toBe('INBOX');
  });

  it('leaves the notification to the next claim if its caller has disconnected', async () => {
    const [first, second] = [await anAgent(services), await anAgent(services)];
    const left = claimFor(services, first, patient, gone.signal);
    await parked(1);
    const claim = claimFor(services, second, patient);
    await parked(2);
    const task = await aTask(services);
    gone.abort();
    services.claimWaiters.announce(null);
    expect((await left).reason).toBe('NO_TASKS_AVAILABLE');
    expect((await claim).task?.id).toBe(task.id);
  });

  it('ends at once when the server stops, and takes no task', async () => {
    const agent = await anAgent(services);
    const claim = claimFor(services, agent, patient);
    await parked(1);
    const task = await aTask(services);
    stopping = true;
    services.claimWaiters.wakeAll();
    expect((await claim).reason).toBe('NO_TASKS_AVAILABLE');
    expect(await statusOf(task.id)).toBe('INBOX');
  });

  it('does not wait if its agent is at capacity or paused', async () => {
    const agent = await anAgent(services);
    await aTask(services);
    await claimFor(services, agent);
    expect((await claimFor(services, agent, { ...patient, maxCapacity: 1 })).reason).toBe('AT_CAPACITY');
    await services.sql('UPDATE agents SET paused_at = now() WHERE id = $1', [agent.id]);
    expect((await claimFor(services, agent, patient)).reason).toBe('AGENT_PAUSED');
    expect(tally.waits).toEqual([]);
  });

  it('removes its abort listener', async () => {
    const agent = await anAgent(services);
    const remove = vi.spyOn(neverAborted, 'removeEventListener');
    const add = vi.spyOn(neverAborted, 'addEventListener');
    const claim = claimFor(services, agent, patient);
    await parked(1);
    await aTask(services);
    services.claimWaiters.announce(null);
    expect((await claim).reason).toBe('ASSIGNED');
    expect(remove).toHaveBeenCalledTimes(add.mock.calls.length);
    expect(add).toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});
