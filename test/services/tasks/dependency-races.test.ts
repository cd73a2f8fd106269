import { describe, expect, it } from 'vitest';
import { DependencyCycle } from '../../../src/domain/refusals.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { claimFor, clearTasks } from '../../support/factories/claims.js';
import { addEdge, aTaskToFinish, removeEdge } from '../../support/factories/dependencies.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;
let agent: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  agent = await anAgent(services);
});

const add = (task: TaskRow, on: TaskRow, process = services, viewer = process.admin) =>
  addEdge(process, task, on, viewer);
const remove = (task: TaskRow, on: TaskRow, process = services) => removeEdge(process, task, on);
const toFinish = () => aTaskToFinish(services, agent);

describe('a cycle', () => {
  it('that two concurrent edges would close has one of them refused', async () => {
    for (let round = 0; round < 25; round += 1) {
      const [a, b] = [await aTask(services), await aTask(services)];
      const outcomes = await Promise.allSettled([add(a, b), add(b, a, other)]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const [refused] = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
      expect(refused).toBeInstanceOf(DependencyCycle);
    }
  });

  it('that many concurrent edges would close has one of them refused', async () => {
    for (let round = 0; round < 10; round += 1) {
      const ring = await Promise.all(Array.from({ length: 6 }, () => aTask(services)));
      const outcomes = await Promise.allSettled(
        ring.map((task, i) => add(task, ring[(i + 1) % 6]!, i % 2 ? services : other)),
      );
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    }
  });
});

describe('concurrently', () => {
  const stored = async ({ id }: TaskRow) =>
    (await services.sql('SELECT status, open_dependencies AS open FROM tasks WHERE id = $1', [id]))[0];

  it('the end of a task and a dependency on it never miss each other', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [task, on] = [await aTask(services), await toFinish()];
      await Promise.all([on.finish(other), add(task, on)]);
      expect(await stored(task)).toEqual({ status: 'INBOX', open: 0 });
      await clearTasks(services);
    }
  });

  it('the failure of a task and the removal of a dependency on it lead to one of two outcomes', async () => {
    for (let round = 0; round < 20; round += 1) {
      const on = await toFinish();
      const task = await aTask(services, { onDependencyFailure: 'CANCEL', dependsOn: [{ id: on.id }] });
      const [, removal] = await Promise.allSettled([
        cancelTask(other, other.admin, { task: { id: on.id } }),
        remove(task, on),
      ]);
      expect(await stored(task)).toEqual(
        removal.status === 'fulfilled' ? { status: 'INBOX', open: 0 } : { status: 'CANCELLED', open: 1 },
      );
      await clearTasks(services);
    }
  });

  it('a claim and a new dependency leave the task either claimed or waiting', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [task, on] = [await aTask(services), await aTask(services, { priority: 'LOW' })];
      const [claim, added] = await Promise.allSettled([claimFor(other, agent), add(task, on)]);
      const got = claim.status === 'fulfilled' ? claim.value.task?.id : undefined;
      if (added.status === 'fulfilled') expect(got).not.toBe(task.id);
      else expect(got).toBe(task.id);
      await clearTasks(services);
    }
  });

  it('any edits and ends leave a count of open dependencies that matches the rows', {
    timeout: 60_000,
  }, async () => {
    for (let round = 0; round < 8; round += 1) {
      const running = [await toFinish(), await toFinish(), await toFinish(), await toFinish()];
      const tasks = await Promise.all(
        (['BLOCK', 'PROCEED', 'CANCEL', 'BLOCK'] as const).map((onDependencyFailure) =>
          aTask(services, { onDependencyFailure, dependsOn: running.slice(0, 2).map(({ id }) => ({ id })) }),
        ),
      );
      const edits = tasks.flatMap((task, i) =>
        running.map((on, j) => ((i + j) % 3 ? add : remove)(task, on, j % 2 ? services : other)),
      );
      const between = tasks.map((task, i) => add(task, tasks[(i + 1 + (round % 3)) % 4]!, other));
      const ends = running.map((on, i) =>
        i % 3 ? on.finish(other) : cancelTask(services, services.admin, { task: { id: on.id } }),
      );
      await Promise.allSettled([...edits, ...between, ...ends]);
      expect(
        await services.sql(
          `SELECT t.id FROM tasks t WHERE t.open_dependencies <>
            (SELECT count(*) FROM task_dependencies d WHERE d.task_id = t.id AND d.settled_at IS NULL)`,
        ),
      ).toEqual([]);
      expect(
        await services.sql(
          `SELECT d.* FROM task_dependencies d JOIN tasks o ON o.id = d.depends_on_id
            WHERE (o.status = 'DONE') AND d.settled_at IS NULL`,
        ),
      ).toEqual([]);
      await clearTasks(services);
    }
  });
});
