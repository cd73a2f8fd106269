import { describe, expect, it } from 'vitest';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { type CreateTask, createTask } from '../../../src/services/tasks/create-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { claimAll, claimFor, clearTasks } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;
let agent: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  agent = await anAgent(services);
});

type Policy = CreateTask['onDependencyFailure'];
type End = 'DONE' | 'FAILED' | 'CANCELLED';

/** A task in progress, with a function that ends it. */
async function aDependency(): Promise<TaskRow & { end(how: End, process?: TestServices): Promise<TaskRow> }> {
  const { task, runId } = await aClaimedTask(services, agent, { reviewPolicy: 'SKIP' });
  return {
    ...task,
    end(how, process = services) {
      if (how === 'CANCELLED') return cancelTask(process, process.admin, { task: { id: task.id } });
      if (how === 'DONE') return completeTask(process, process.admin, { runId, resolution: 'done' });
      return failTask(process, process.admin, { runId, error: 'broken', retry: false });
    },
  };
}

const dependent = (onDependencyFailure: Policy, ...on: TaskRow[]) =>
  aTask(services, { onDependencyFailure, dependsOn: on.map(({ id }) => ({ id })) });
const stored = async ({ id }: TaskRow) =>
  (await services.sql('SELECT status, open_dependencies AS open, version FROM tasks WHERE id = $1', [id]))[0];
const eventsOf = async ({ id }: TaskRow) =>
  (await services.sql<{ type: string }>('SELECT type FROM events WHERE task_id = $1 ORDER BY id', [id])).map(
    ({ type }) => type,
  );

describe('a task with an open dependency', () => {
  it('is not handed out until the dependency is done', async () => {
    const dependency = await aDependency();
    const task = await dependent('BLOCK', dependency);
    expect(await claimFor(services, agent)).toMatchObject({
      reason: 'NO_TASKS_AVAILABLE',
      nextEligibleAt: null,
    });
    await dependency.end('DONE');
    expect(await eventsOf(task)).toEqual(['task.created', 'task.unblocked']);
    expect(await stored(task)).toEqual({ status: 'INBOX', open: 0, version: 2 });
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
  });

  it('waits through the review of the dependency', async () => {
    const { task: dependency, runId } = await aClaimedTask(services, agent);
    const task = await dependent('BLOCK', dependency);
    await completeTask(services, services.admin, { runId, resolution: 'done' });
    expect((await claimFor(services, agent)).task).toBeNull();
    await submitVerdict(services, services.admin, { task: { id: dependency.id }, verdict: 'APPROVED' });
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
  });

  it('waits for the last of several', async () => {
    const [first, second] = [await aDependency(), await aDependency()];
    const task = await dependent('BLOCK', first, second, first);
    expect((await stored(task))?.open).toBe(2);
    await second.end('DONE');
    expect(await claimAll(services, agent)).toEqual([]);
    await first.end('DONE');
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
    expect(await eventsOf(task)).toContain('task.unblocked');
  });

  it('also waits for its start', async () => {
    const dependency = await aDependency();
    const startsAt = new Date(Date.now() + 3_600_000);
    await aTask(services, { startsAt, dependsOn: [{ id: dependency.id }] });
    expect((await claimFor(services, agent)).nextEligibleAt).toBeNull();
    await dependency.end('DONE');
    expect((await claimFor(services, agent)).nextEligibleAt).toEqual(startsAt);
  });
});

describe('a dependency that ends without success', () => {
  it.each(['FAILED', 'CANCELLED'] as const)(
    'blocks the task while it is %s, until it is retried and done',
    async (end) => {
      const dependency = await aDependency();
      const task = await dependent('BLOCK', dependency);
      await dependency.end(end);
      expect(await stored(task)).toEqual({ status: 'INBOX', open: 1, version: 1 });
      expect(await eventsOf(task)).toEqual(['task.created', 'task.dependency_failed']);
      await retryTask(services, services.admin, { task: { id: dependency.id } });
      const again = await claimFor(services, agent);
      expect(again.task?.id).toBe(dependency.id);
      await completeTask(services, services.admin, { runId: again.run?.id, resolution: 'done' });
      expect((await claimFor(services, agent)).task?.id).toBe(task.id);
    },
  );

  it('does not block a task whose policy is to proceed', async () => {
    const dependency = await aDependency();
    const task = await dependent('PROCEED', dependency);
    await dependency.end('FAILED');
    expect(await eventsOf(task)).toEqual(['task.created', 'task.dependency_failed', 'task.unblocked']);
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
  });

  it('cancels a task by its policy, and then the dependents of that task by theirs', async () => {
    const dependency = await aDependency();
    const cancelled = await dependent('CANCEL', dependency);
    const grandchild = await dependent('CANCEL', cancelled);
    const blocked = await dependent('BLOCK', cancelled);
    const proceeding = await dependent('PROCEED', cancelled, grandchild);
    const diamond = await dependent('CANCEL', dependency, grandchild);
    await dependency.end('FAILED');
    const statuses = await Promise.all([cancelled, grandchild, blocked, proceeding, diamond].map(stored));
    expect(statuses.map((row) => `${row?.status} ${row?.open}`)).toEqual([
      'CANCELLED 1',
      'CANCELLED 1',
      'INBOX 1',
      'INBOX 0',
      'CANCELLED 2',
    ]);
    const [event] = await services.sql(
      "SELECT payload->>'reason' AS reason, actor_key_id FROM events WHERE task_id = $1 AND type = 'task.cancelled'",
      [cancelled.id],
    );
    expect(event).toEqual({
      reason: `Its dependency TASK-${dependency.number} ended as FAILED.`,
      actor_key_id: null,
    });
    expect((await eventsOf(diamond)).filter((type) => type === 'task.cancelled')).toHaveLength(1);
  });

  it('does not change a task that has ended', async () => {
    const dependency = await aDependency();
    const task = await dependent('CANCEL', dependency);
    await cancelTask(services, services.admin, { task: { id: task.id } });
    await dependency.end('FAILED');
    expect((await eventsOf(task)).filter((type) => type === 'task.cancelled')).toHaveLength(1);
  });
});

describe('a task that ended before its dependency', () => {
  it('has no task.unblocked event, and can be claimed when it is retried', async () => {
    const dependency = await aDependency();
    const task = await dependent('BLOCK', dependency);
    await cancelTask(services, services.admin, { task: { id: task.id } });
    await dependency.end('DONE');
    expect(await eventsOf(task)).toEqual(['task.created', 'task.cancelled']);
    await retryTask(services, services.admin, { task: { id: task.id } });
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
  });
});

describe('a new task', () => {
  it('does not wait for a task that is DONE, nor for a FAILED one if its policy is to proceed', async () => {
    const [done, failed] = [await aDependency(), await aDependency()];
    await done.end('DONE');
    await failed.end('FAILED');
    expect((await stored(await dependent('BLOCK', done)))?.open).toBe(0);
    expect((await stored(await dependent('PROCEED', done, failed)))?.open).toBe(0);
    expect((await stored(await dependent('BLOCK', done, failed)))?.open).toBe(1);
  });

  it('is refused with the place of a dependency that does not exist or that the agent cannot see', async () => {
    const hidden = await aTask(services, { assignee: { id: (await anAgent(services)).id } });
    const visible = await aTask(services);
    const key = await aKeyOf(services, agent);
    const refs = (...dependsOn: object[]) => ({ title: 'x', dependsOn });
    const create = (input: CreateTask) => namedRefusalsOf(createTask(services, key, input));
    for (const ref of [
      { id: hidden.id },
      { id: 'task_no' },
      { ref: 'TASK-0' },
      { ref: '' },
      { id: '\u0000' },
      {},
    ]) {
      expect(await create(refs({ id: visible.id }, ref))).toEqual(['NOT_FOUND dependsOn.1']);
    }
    const many = Array.from({ length: 101 }, () => ({ id: visible.id }));
    expect(await create(refs(...many))).toEqual(['INVALID dependsOn']);
    const made = await createTask(services, key, refs({ ref: `task-${visible.number}` }, { id: visible.id }));
    expect(made.openDependencies).toBe(1);
  });
});

describe('concurrently', () => {
  it('the end of a dependency and the creation of a dependent never miss each other', async () => {
    for (let round = 0; round < 25; round += 1) {
      const dependency = await aDependency();
      const [, task] = await Promise.all([
        dependency.end('DONE', other),
        dependent('BLOCK', dependency),
        dependent('BLOCK', dependency),
      ]);
      expect((await stored(task))?.open).toBe(0);
    }
    const [unsettled] = await services.sql(
      'SELECT count(*)::int AS count FROM task_dependencies WHERE settled_at IS NULL',
    );
    expect(unsettled).toEqual({ count: 0 });
  });

  it('the ends of two dependencies both count', async () => {
    for (let round = 0; round < 15; round += 1) {
      const [first, second] = [await aDependency(), await aDependency()];
      const tasks = [await dependent('BLOCK', first, second), await dependent('BLOCK', second, first)];
      await Promise.all([first.end('DONE'), second.end('DONE', other)]);
      for (const task of tasks) {
        expect(await stored(task)).toMatchObject({ status: 'INBOX', open: 0 });
        expect((await eventsOf(task)).filter((type) => type === 'task.unblocked')).toHaveLength(1);
      }
      await clearTasks(services);
    }
  });

  it('a cascade and the end of another dependency of the same tasks lead to one end each', async () => {
    for (let round = 0; round < 15; round += 1) {
      const [first, second] = [await aDependency(), await aDependency()];
      const task = await dependent('CANCEL', first, second);
      const last = await dependent('CANCEL', task, second);
      await Promise.all([first.end('FAILED'), second.end('CANCELLED', other)]);
      for (const ended of [task, last]) {
        expect(await stored(ended)).toMatchObject({ status: 'CANCELLED' });
        expect((await eventsOf(ended)).filter((type) => type === 'task.cancelled')).toHaveLength(1);
      }
      await clearTasks(services);
    }
  });
});
