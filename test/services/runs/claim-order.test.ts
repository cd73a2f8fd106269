import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/kernel/ids.js';
import { toPresenceRules } from '../../../src/services/presence-rules.js';
import { createTasks } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimTasks } from '../../../src/store/runs/claim-tasks.js';
import { peekNextTask } from '../../../src/store/runs/peek-next-task.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { compareInQueue } from '../../model/queue-order.js';
import { claimAll, claimFor, clearTasks } from '../../support/factories/claims.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;
/** Few values, so that ties are common. */
const DAYS = [1, 2, 3].map((day) => new Date(Date.UTC(2040, 0, day)));

const queuedTask = fc.record({
  priority: fc.constantFrom(...PRIORITIES),
  dueAt: fc.constantFrom(null, ...DAYS),
  createdAt: fc.constantFrom(...DAYS),
  holder: fc.constantFrom('own', 'none', 'other'),
});

describe('the order in which an agent gets tasks', () => {
  let services: TestServices;
  let agent: AgentRow;
  let other: AgentRow;

  useServices(async (made) => {
    services = made;
    agent = await anAgent(services);
    other = await anAgent(services);
  });

  it('is the order of the comparator for any mix of assigned tasks and the inbox', async () => {
    const tasks = fc.array(queuedTask, { minLength: 2, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(tasks, async (wished) => {
        await clearTasks(services);
        const assignees = { own: { id: agent.id }, other: { id: other.id }, none: null };
        const created = await createTasks(
          services,
          services.admin,
          wished.map(({ holder, ...task }, i) => ({ ...task, title: `${i}`, assignee: assignees[holder] })),
        );
        const stored = created.map((task, i) => ({
          ...task,
          createdAt: wished[i]?.createdAt ?? task.createdAt,
        }));
        await setCreation(stored);
        const eligible = stored.filter((task) => task.assigneeId !== other.id);
        expect(await claimAll(services, agent)).toEqual(
          eligible.sort(compareInQueue).map(({ title }) => title),
        );
        expect(await claimAll(services, other)).toHaveLength(stored.length - eligible.length);
      }),
      { numRuns: 15 },
    );
  });

  async function setCreation(tasks: readonly TaskRow[]): Promise<void> {
    await services.sql(
      'UPDATE tasks t SET created_at = w.at FROM unnest($1::text[], $2::timestamptz[]) AS w(id, at) WHERE t.id = w.id',
      [tasks.map(({ id }) => id), tasks.map(({ createdAt }) => createdAt)],
    );
  }

  it('is the same for each agent of a batch in turn, with and without assigned tasks', async () => {
    const batch = [agent, other, await anAgent(services), await anAgent(services), await anAgent(services)];
    const turns = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(queuedTask, { maxLength: 10 }), turns, async (wished, turn) => {
        await clearTasks(services);
        const assignees = { own: { id: agent.id }, other: { id: other.id }, none: null };
        const left: TaskRow[] = [];
        for (const { holder, ...task } of wished)
          left.push(await aTask(services, { ...task, assignee: assignees[holder] }));
        left.sort(compareInQueue);
        const expected = turn.map((place) => {
          const mine = (task: { assigneeId: string | null }) =>
            task.assigneeId === null || task.assigneeId === batch[place]?.id;
          return left.splice(left.findIndex(mine), left.some(mine) ? 1 : 0)[0]?.id ?? null;
        });
        const claims = await claimTasks(
          services.database.pool,
          turn.map((place) => requestOf(batch[place]!)),
          { task: ['id'], run: [] },
          toPresenceRules(services),
        );
        const inTurn = claims.sort((a, b) => a.request - b.request);
        expect(inTurn.map(({ task }) => task?.id ?? null)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  function requestOf({ id }: AgentRow) {
    const plain = {
      maxCapacity: 100,
      leaseMs: 600_000,
      resume: false,
      idempotencyKey: null,
      narrowing: null,
    };
    return { ...plain, agentId: id, runId: newId('run'), fingerprint: null };
  }

  it('is the order that nextTask returns, up to the capacity', async () => {
    const tasks = fc.sample(queuedTask, { numRuns: 12, seed: 7 });
    const assignees = { own: { id: agent.id }, other: { id: other.id }, none: null };
    for (const { holder, ...task } of tasks) await aTask(services, { ...task, assignee: assignees[holder] });
    await services.sql("UPDATE tasks SET not_before = now() - interval '1 s' WHERE number % 3 = 0");
    const capacity = tasks.filter(({ holder }) => holder !== 'other').length;
    await services.sql('UPDATE agents SET max_capacity = $2 WHERE id = $1', [agent.id, capacity - 1]);
    for (let turn = 0; turn < capacity; turn += 1) {
      const promised = await peekNextTask(services.database.pool, agent.id, toPresenceRules(services));
      expect((await claimFor(services, agent)).task?.id ?? null).toBe(promised);
      expect(promised === null).toBe(turn === capacity - 1);
    }
  });

  it('treats assigned tasks and tasks in the inbox alike', async () => {
    await aTask(services, { title: 'own low', priority: 'LOW', assignee: { id: agent.id } });
    await aTask(services, { title: 'inbox high', priority: 'HIGH' });
    await aTask(services, { title: 'own medium', assignee: { id: agent.id } });
    await aTask(services, { title: 'inbox medium' });
    expect(await claimAll(services, agent)).toEqual(['inbox high', 'own medium', 'inbox medium', 'own low']);
  });

  it('puts tasks without a due date last', async () => {
    await aTask(services, { title: 'some day' });
    await aTask(services, { title: 'far away', dueAt: new Date('9999-12-31T23:59:59Z') });
    expect(await claimAll(services, agent)).toEqual(['far away', 'some day']);
  });

  it('follows an edit of the priority at once', async () => {
    await aTask(services, { title: 'first' });
    const second = await aTask(services, { title: 'second' });
    await services.sql("UPDATE tasks SET priority = 'HIGH' WHERE id = $1", [second.id]);
    expect(await claimAll(services, agent)).toEqual(['second', 'first']);
  });

  it('never hands out a task that is assigned to another agent', async () => {
    await aTask(services, { priority: 'CRITICAL', assignee: { id: other.id } });
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
  });
});

describe('a task with a start in the future', () => {
  let services: TestServices;
  let agent: AgentRow;
  let other: AgentRow;

  useServices(async (made) => {
    services = made;
    agent = await anAgent(services);
    other = await anAgent(services);
  });

  const tomorrow = () => new Date(Date.now() + 86_400_000);
  const begin = (...tasks: TaskRow[]) =>
    services.sql("UPDATE tasks SET not_before = now() - interval '1 ms' WHERE id = ANY($1)", [
      tasks.map(({ id }) => id),
    ]);

  it('is not handed out before, and the claim answers with the start', async () => {
    const soonest = tomorrow();
    await aTask(services, { startsAt: new Date(soonest.getTime() + 1_000) });
    await aTask(services, { startsAt: soonest, assignee: { id: agent.id } });
    await aTask(services, { startsAt: new Date(soonest.getTime() - 1_000), assignee: { id: other.id } });
    const claim = await claimFor(services, agent);
    expect(claim).toEqual({ reason: 'NO_TASKS_AVAILABLE', task: null, run: null, nextEligibleAt: soonest });
  });

  it('is handed out in queue order once the start has passed', async () => {
    const urgent = await aTask(services, { title: 'urgent', priority: 'CRITICAL', startsAt: tomorrow() });
    const own = await aTask(services, { title: 'own', startsAt: tomorrow(), assignee: { id: agent.id } });
    await aTask(services, { title: 'plain' });
    await aTask(services, { title: 'still to come', startsAt: tomorrow() });
    await begin(urgent, own);
    expect(await claimAll(services, agent)).toEqual(['urgent', 'own', 'plain']);
  });

  it('is handed out at once if the start lies in the past', async () => {
    await aTask(services, { title: 'late', startsAt: new Date('2020-01-01') });
    expect(await claimAll(services, agent)).toEqual(['late']);
  });

  it('gives no nextEligibleAt if something else holds it back', async () => {
    const dependency = await aTask(services, { assignee: { id: other.id } });
    await aTask(services, { startsAt: tomorrow(), dependsOn: [{ id: dependency.id }] });
    expect((await claimFor(services, agent)).nextEligibleAt).toBeNull();
  });

  it('is handed out among thousands, and none is left', async () => {
    await services.sql(
      `INSERT INTO tasks (id, title, status, tags, not_before)
       SELECT 'task_later_' || i, 'later', 'INBOX', '{}', now() - interval '1 s' FROM generate_series(1, 2500) i`,
    );
    expect((await claimFor(services, agent)).task?.title).toBe('later');
    const [left] = await services.sql('SELECT count(*)::int AS held FROM tasks WHERE not_before IS NOT NULL');
    expect(left).toEqual({ held: 0 });
  });
});
