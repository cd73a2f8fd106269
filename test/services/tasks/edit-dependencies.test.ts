import { beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { DependencyCycle } from '../../../src/domain/refusals.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import { addDependency, removeDependency } from '../../../src/services/tasks/edit-dependencies.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { claimAll, claimFor, neverAborted } from '../../support/factories/claims.js';
import { addEdge, aTaskToFinish, removeEdge } from '../../support/factories/dependencies.js';
import { aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf, refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
let agent: AgentRow;

useServices(async (made) => {
  services = made;
  agent = await anAgent(services);
});

const add = (task: TaskRow, on: TaskRow, process = services, viewer = process.admin) =>
  addEdge(process, task, on, viewer);
const remove = (task: TaskRow, on: TaskRow, process = services) => removeEdge(process, task, on);
const toFinish = () => aTaskToFinish(services, agent);
const ref = ({ number }: TaskRow) => `TASK-${number}`;
const eventsOf = async ({ id }: TaskRow) =>
  (await services.sql<{ type: string }>('SELECT type FROM events WHERE task_id = $1 ORDER BY id', [id])).map(
    ({ type }) => type,
  );
const edges = () => services.sql('SELECT task_id, depends_on_id FROM task_dependencies');

describe('a dependency that is added', () => {
  it('blocks the task until it is done', async () => {
    const [task, on] = [await aTask(services), await toFinish()];
    expect(await add(task, on)).toMatchObject({ openDependencies: 1, version: 2 });
    expect((await claimFor(services, agent)).task).toBeNull();
    await on.finish();
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
    expect((await eventsOf(task)).slice(0, 3)).toEqual(['task.created', 'task.updated', 'task.unblocked']);
  });

  it('a second time changes nothing, also when the task is in progress', async () => {
    const [task, on] = [await aTask(services), await aTaskIn(services, 'DONE', agent)];
    const added = await add(task, on);
    expect(added).toMatchObject({ openDependencies: 0, version: 2 });
    expect(await add(task, on)).toEqual(added);
    const { task: begun } = await claimFor(services, agent);
    expect(await add(task, on)).toEqual(begun);
    expect((await eventsOf(task)).filter((type) => type === 'task.updated')).toHaveLength(1);
  });

  it.each(['IN_PROGRESS', 'REVIEW', 'DONE', 'FAILED', 'CANCELLED'] as const)(
    'is refused for a task that is %s',
    async (status) => {
      const [task, on] = [await aTaskIn(services, status, agent), await aTask(services)];
      expect(await namedRefusalsOf(add(task, on))).toEqual(['INVALID task']);
      expect(await edges()).toEqual([]);
    },
  );

  it('and has failed is handled by the policy of the task', async () => {
    const failed = await aTaskIn(services, 'FAILED', agent);
    const tasks = {
      BLOCK: await aTask(services, { onDependencyFailure: 'BLOCK' }),
      CANCEL: await aTask(services, { onDependencyFailure: 'CANCEL' }),
      PROCEED: await aTask(services, { onDependencyFailure: 'PROCEED' }),
    };
    expect((await add(tasks.BLOCK, failed)).openDependencies).toBe(1);
    expect(await eventsOf(tasks.BLOCK)).toEqual(['task.created', 'task.updated', 'task.dependency_failed']);
    expect(await namedRefusalsOf(add(tasks.CANCEL, failed))).toEqual(['INVALID dependsOn']);
    expect((await add(tasks.PROCEED, failed)).openDependencies).toBe(0);
  });

  it('is refused beyond a hundred', async () => {
    const task = await aTask(services);
    const others = await Promise.all(Array.from({ length: 101 }, () => aTask(services)));
    for (const on of others.slice(0, 100)) await add(task, on);
    expect(await namedRefusalsOf(add(task, others[100]!))).toEqual(['INVALID dependsOn']);
    expect((await add(task, others[0]!)).openDependencies).toBe(100);
  });

  it('is refused if either task does not exist', async () => {
    const task = await aTask(services);
    const named = (a: object, b: object) =>
      namedRefusalsOf(addDependency(services, services.admin, { task: a, dependsOn: b }));
    expect(await named({ ref: 'TASK-0' }, { id: task.id })).toEqual(['NOT_FOUND task']);
    expect(await named({ id: task.id }, { id: 'task_none' })).toEqual(['NOT_FOUND dependsOn']);
  });
});

describe('a cycle', () => {
  it('is refused with its path in refs', async () => {
    const [a, b, c] = [await aTask(services), await aTask(services), await aTask(services)];
    await add(a, b);
    await add(b, c);
    const cycle = [c, a, b, c].map(ref);
    expect(await refusalOf(add(c, a))).toEqual(new DependencyCycle(cycle, ['dependsOn']));
    expect(await refusalOf(add(a, a))).toMatchObject({ code: 'DEPENDENCY_CYCLE', cycle: [ref(a), ref(a)] });
    expect(await edges()).toHaveLength(2);
  });

  it('is refused also through dependencies that are satisfied', async () => {
    const done = await aTask(services);
    const task = await aTask(services, { onDependencyFailure: 'PROCEED', dependsOn: [{ id: done.id }] });
    await cancelTask(services, services.admin, { task: { id: done.id } });
    const again = await aTask(services, { dependsOn: [{ id: task.id }] });
    await add(task, await aTask(services));
    expect(await refusalOf(add(task, again))).toMatchObject({ cycle: [task, again, task].map(ref) });
  });
});

describe('a dependency that is removed', () => {
  it('unblocks the task at once if it was the last open one', async () => {
    const [task, on, last] = [
      await aTask(services),
      await toFinish(),
      await aTaskIn(services, 'FAILED', agent),
    ];
    await add(task, on);
    await add(task, last);
    await on.finish();
    expect(await claimAll(services, agent)).toEqual([]);
    expect((await remove(task, last)).openDependencies).toBe(0);
    expect(await eventsOf(task)).toEqual([
      'task.created',
      'task.updated',
      'task.updated',
      'task.dependency_failed',
      'task.updated',
      'task.unblocked',
    ]);
    expect(await claimAll(services, agent)).toEqual([task.title]);
  });

  it('and was satisfied causes no task.unblocked event', async () => {
    const [task, on] = [await aTask(services), await aTaskIn(services, 'DONE', agent)];
    await add(task, on);
    expect((await remove(task, on)).openDependencies).toBe(0);
    expect(await eventsOf(task)).not.toContain('task.unblocked');
    expect(await edges()).toEqual([]);
  });

  it('and did not exist changes nothing', async () => {
    const [task, on] = [await aTask(services), await aTask(services)];
    expect(await remove(task, on)).toEqual(task);
    expect(await eventsOf(task)).toEqual(['task.created']);
  });

  it('is refused once the task is in progress', async () => {
    const [task, on] = [await aTask(services), await aTaskIn(services, 'DONE', agent)];
    await add(task, on);
    await claimFor(services, agent);
    expect(await namedRefusalsOf(remove(task, on))).toEqual(['INVALID task']);
    expect(await edges()).toHaveLength(1);
  });
});

describe('waiting claims', () => {
  it('are answered when a removed dependency unblocks a task', async () => {
    const task = await aTask(services, {
      dependsOn: [{ id: (await aTaskIn(services, 'REVIEW', agent)).id }],
    });
    const waiting = claimNextTask(
      services,
      services.admin,
      { agent: { id: agent.id }, maxCapacity: 100, waitSeconds: 30 },
      neverAborted,
    );
    const [edge] = await edges();
    await removeDependency(services, services.admin, {
      task: { id: task.id },
      dependsOn: { id: String(edge?.depends_on_id) },
    });
    // The feed does this with the events of the commit.
    services.claimWaiters.announce(null);
    expect((await waiting).task?.id).toBe(task.id);
  });
});

describe('an agent', () => {
  let key: Viewer;

  beforeEach(async () => {
    key = await aKeyOf(services, agent);
  });

  it('adds dependencies to tasks that it created', async () => {
    const own = await createTask(services, key, { title: 'own' });
    const foreign = await aTask(services);
    expect((await add(own, foreign, services, key)).openDependencies).toBe(1);
    expect(await namedRefusalsOf(add(foreign, own, services, key))).toEqual(['FORBIDDEN task']);
  });

  it('is refused with NOT_FOUND for tasks that it may not see', async () => {
    const own = await createTask(services, key, { title: 'own' });
    const hidden = await aTask(services, { assignee: { id: (await anAgent(services)).id } });
    expect(await namedRefusalsOf(add(own, hidden, services, key))).toEqual(['NOT_FOUND dependsOn']);
    expect(await namedRefusalsOf(add(hidden, own, services, key))).toEqual(['NOT_FOUND task']);
  });
});
