import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/domain/limits.js';
import { type CreateTask, createTasks } from '../../../src/services/tasks/create-task.js';
import { aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { countStatements } from '../../support/postgres/statements.js';

let services: TestServices;

useServices((made) => {
  services = made;
});

const many = (count: number, of: (index: number) => Partial<CreateTask>) =>
  Array.from({ length: count }, (_, index) => ({ title: `Task ${index}`, ...of(index) }));

describe('createTasks', () => {
  it('takes as many statements for a hundred dependencies of each task as for one', async () => {
    const base = await createTasks(
      services,
      services.admin,
      many(100, () => ({})),
    );
    const refs = base.map(({ id, number }, index) => (index % 2 === 0 ? { id } : { ref: `TASK-${number}` }));
    const create = (each: number) => () =>
      createTasks(
        services,
        services.admin,
        many(20, () => ({ dependsOn: refs.slice(0, each) })),
      );
    const few = await countStatements(create(2));
    expect(await countStatements(create(LIMITS.dependencies))).toBe(few);
    const [edges] = await services.sql('SELECT count(*)::int AS count FROM task_dependencies');
    expect(edges).toEqual({ count: 20 * 2 + 20 * 100 });
    const [open] = await services.sql(
      'SELECT count(*)::int AS count FROM tasks WHERE open_dependencies = 100',
    );
    expect(open).toEqual({ count: 20 });
  });

  it('creates a hundred tasks that depend on a hundred others within seconds', async () => {
    const base = await createTasks(
      services,
      services.admin,
      many(100, () => ({})),
    );
    const dependsOn = base.map(({ id }) => ({ id }));
    const startedAt = performance.now();
    await createTasks(
      services,
      services.admin,
      many(100, () => ({ dependsOn })),
    );
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('names the ref of a task that does not exist, or that the agent may not see', async () => {
    const [agent, other] = [await anAgent(services), await anAgent(services)];
    const key = await aKeyOf(services, agent);
    const [seen, hidden] = [await aTask(services), await aTask(services, { assignee: { id: other.id } })];
    for (const ref of [
      { id: hidden.id },
      { ref: `TASK-${hidden.number}` },
      { ref: 'TASK-999999' },
      { ref: '?' },
    ]) {
      const inputs = many(3, (index) => ({
        dependsOn: index === 1 ? [{ id: seen.id }, ref] : [{ id: seen.id }],
      }));
      expect(await refusalOf(createTasks(services, key, inputs))).toMatchObject({
        code: 'NOT_FOUND',
        path: ['1', 'dependsOn', '1'],
      });
    }
  });

  it('looks up no dependency of a task that an earlier call has created', async () => {
    const dependency = await aTask(services);
    const inputs = many(2, (index) => ({
      idempotencyKey: `once-${index}`,
      dependsOn: [{ ref: `TASK-${dependency.number}` }],
    }));
    const first = await createTasks(services, services.admin, inputs);
    await services.sql('DELETE FROM task_dependencies WHERE depends_on_id = $1', [dependency.id]);
    await services.sql('DELETE FROM tasks WHERE id = $1', [dependency.id]);
    const again = await createTasks(services, services.admin, inputs);
    expect(again.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
  });
});
