import { describe, expect, it } from 'vitest';
import { DependencyCycle } from '../../../src/domain/refusals.js';
import { type CreateTask, createTask, createTasks } from '../../../src/services/tasks/create-task.js';
import { claimAll } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf, refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;

useServices((made) => {
  services = made;
});

const batch = (...inputs: Partial<CreateTask>[]) =>
  createTasks(
    services,
    services.admin,
    inputs.map((input, index) => ({ title: `${index}`, ...input })),
  );
const dependenciesOf = async () =>
  services.sql<{ task: string; on: string }>(
    `SELECT t.title AS task, o.title AS "on" FROM task_dependencies d JOIN tasks t ON t.id = d.task_id
      JOIN tasks o ON o.id = d.depends_on_id ORDER BY t.title, o.title`,
  );

describe('tasks of one createTasks call', () => {
  it('depend on each other by keys, in any order', async () => {
    const tasks = await batch(
      { key: 'report', dependsOnKeys: ['b', 'a', 'b'] },
      { key: 'a' },
      { key: 'b', dependsOnKeys: ['a'] },
      {},
    );
    expect(tasks.map(({ title, openDependencies }) => [title, openDependencies])).toEqual([
      ['0', 2],
      ['1', 0],
      ['2', 1],
      ['3', 0],
    ]);
    expect(await dependenciesOf()).toEqual([
      { task: '0', on: '1' },
      { task: '0', on: '2' },
      { task: '2', on: '1' },
    ]);
    expect((await claimAll(services, await anAgent(services))).sort()).toEqual(['1', '3']);
  });

  it('also depend on existing tasks', async () => {
    const agent = await anAgent(services);
    const { task } = await aClaimedTask(services, agent);
    const done = await aTaskIn(services, 'DONE', agent);
    const [, second] = await batch(
      { key: 'a' },
      { dependsOn: [{ id: task.id }, { id: done.id }], dependsOnKeys: ['a'] },
    );
    expect(second?.openDependencies).toBe(2);
  });

  it('that depend on each other are refused with the keys of the cycle', async () => {
    const refused = batch({}, { key: 'a', dependsOnKeys: ['b'] }, { key: 'b', dependsOnKeys: ['a'] });
    expect(await refusalOf(refused)).toEqual(new DependencyCycle(['a', 'b', 'a'], ['1', 'dependsOnKeys']));
    expect(await refusalOf(batch({ key: 'a', dependsOnKeys: ['a'] }))).toMatchObject({ cycle: ['a', 'a'] });
    expect(await services.sql('SELECT id FROM tasks')).toEqual([]);
  });

  it('are refused with an unknown key or a repeated one', async () => {
    const twice = batch(
      { key: 'a' },
      { key: 'a' },
      { dependsOnKeys: ['researhc', 'x'] },
      { key: 'research' },
    );
    await expect(twice).rejects.toThrow('Did you mean research?');
    expect(
      await namedRefusalsOf(batch({ key: 'a' }, { key: 'a' }, { dependsOnKeys: ['b', 'a', 'c'] })),
    ).toEqual(['INVALID 1.key', 'INVALID 2.dependsOnKeys.0', 'INVALID 2.dependsOnKeys.2']);
    expect(await namedRefusalsOf(batch({ key: 'a b' }, { key: '' }))).toEqual([
      'INVALID 0.key',
      'INVALID 1.key',
    ]);
  });

  it('have at most a hundred dependencies, keys and refs together', async () => {
    const others = Array.from({ length: 99 }, (_, index) => ({ key: `k${index}` }));
    const keys = others.map(({ key }) => key);
    const [first, second] = await batch({}, {});
    const refs = [{ id: first?.id }, { id: second?.id }];
    expect(await namedRefusalsOf(batch(...others, { dependsOnKeys: keys, dependsOn: refs }))).toEqual([
      'INVALID 99.dependsOn',
    ]);
    const all = await batch(...others, { dependsOnKeys: keys, dependsOn: refs.slice(1) });
    expect(all.at(-1)?.openDependencies).toBe(100);
    const many = Array.from({ length: 101 }, () => 'k');
    expect(await namedRefusalsOf(batch({ key: 'k' }, { dependsOnKeys: many }))).toEqual([
      'INVALID 1.dependsOnKeys',
    ]);
  });

  it('depend by key on a task that an earlier call created with the same idempotency key', async () => {
    const first = { key: 'a', idempotencyKey: 'made once' };
    const [made] = await batch(first);
    const [again, second] = await batch({ ...first, title: '0' }, { dependsOnKeys: ['a'] });
    expect(again?.id).toBe(made?.id);
    expect(second?.openDependencies).toBe(1);
  });
});

describe('createTask', () => {
  it('is refused with a dependency by key', async () => {
    const create = (input: Partial<CreateTask>) =>
      createTask(services, services.admin, { title: 'x', ...input });
    expect(await namedRefusalsOf(create({ dependsOnKeys: ['a'] }))).toEqual(['INVALID dependsOnKeys.0']);
    expect(await refusalOf(create({ key: 'a', dependsOnKeys: ['a'] }))).toMatchObject({ cycle: ['a', 'a'] });
    expect((await create({ key: 'a' })).openDependencies).toBe(0);
  });
});
