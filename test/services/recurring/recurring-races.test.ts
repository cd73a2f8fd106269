import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fireRecurringTask } from '../../../src/services/recurring/fire-recurring-task.js';
import {
  pauseRecurringTask,
  removeRecurringTask,
} from '../../../src/services/recurring/pause-recurring-task.js';
import { spawnRecurringTasks } from '../../../src/services/recurring/spawn-recurring-tasks.js';
import { updateRecurringTask } from '../../../src/services/recurring/update-recurring-task.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { anAgent } from '../../support/factories/factory.js';
import {
  aRecurringTask,
  childrenOf,
  firingsOf,
  minutesAgo,
  recurringEventsOf,
  wasDueAt,
} from '../../support/factories/recurring.js';
import { createTestServices, openTestServices, type TestServices } from '../../support/factories/services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';

/** Three server processes on one database. */
let processes: TestServices[];
let services: TestServices;
beforeAll(async () => {
  services = await createTestServices();
  const others = await Promise.all([1, 2].map(() => openTestServices(services.database.connectionString)));
  processes = [services, ...others];
});
afterAll(async () => {
  for (const each of [...processes].reverse()) await each.close();
});
afterEach(async () => {
  for (const { id } of await services.sql<{ id: string }>('SELECT id FROM recurring_tasks'))
    await removeRecurringTask(services, services.admin, id);
});

const HOUR = 3_600_000;
const hourlyAt = (at: Date) => `${at.getUTCMinutes()} * * * *`;

describe('three processes', () => {
  it('with a clock that jumps forward and back create one task for each due time', async () => {
    const newest = await minutesAgo(services, 30);
    const recurring = await Promise.all(
      Array.from({ length: 5 }, () =>
        aRecurringTask(services, { schedule: hourlyAt(newest), catchUp: 'ALL' }),
      ),
    );
    for (const hoursAgo of [0, 3, 1, 7, 2, 7, 12, 0]) {
      // A clock that was ahead and is corrected finds a due time that was fired already.
      for (const { id } of recurring)
        await wasDueAt(services, id, new Date(newest.getTime() - hoursAgo * HOUR));
      await Promise.all([...processes, ...processes].map((each) => spawnRecurringTasks(each)));
    }
    const expected = Array.from({ length: 13 }, (_, index) => newest.getTime() - (12 - index) * HOUR);
    for (const { id } of recurring) {
      const times = (await childrenOf(services, id)).map(({ scheduled_for }) => scheduled_for.getTime());
      expect(times).toEqual(expected);
      const fired = (await recurringEventsOf(services, id)).filter(({ type }) => type === 'recurring.fired');
      expect(fired).toHaveLength(13);
      const [row] = await services.sql('SELECT fire_count FROM recurring_tasks WHERE id = $1', [id]);
      expect(row?.fire_count).toBe(13);
    }
  });

  it('share many due recurring tasks: each is fired once, and none is left', async () => {
    const due = await minutesAgo(services, 1);
    const ids: string[] = [];
    for (let index = 0; index < 40; index += 1) {
      const { id } = await aRecurringTask(services, { schedule: hourlyAt(due) });
      await wasDueAt(services, id, due);
      ids.push(id);
    }
    const runs = await Promise.all(processes.map((each) => spawnRecurringTasks(each)));
    expect(runs.reduce((sum, { handled }) => sum + handled, 0)).toBe(40);
    for (const id of ids) expect(await childrenOf(services, id)).toHaveLength(1);
  });
});

describe('a run of the job', () => {
  it('that dies in the middle leaves no partial change, and the next run does the work', async () => {
    const agent = await anAgent(services);
    const due = await minutesAgo(services, 1);
    const { id } = await aRecurringTask(services, {
      schedule: hourlyAt(due),
      template: { assignee: { id: agent.id } },
    });
    await wasDueAt(services, id, due);
    // The firing is recorded by then, and the insert of the task waits for the row of its assignee.
    const lock = await holdLocks(services, 'SELECT FROM agents WHERE id = $1 FOR UPDATE', [agent.id]);
    const run = spawnRecurringTasks(processes[1] as TestServices).then(
      () => 'done',
      () => 'died',
    );
    await expect
      .poll(
        () =>
          services.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO tasks%'",
          ),
        {
          timeout: 20_000,
        },
      )
      .toHaveLength(1);
    expect(await run).toBe('died');
    await lock.release();
    expect(await childrenOf(services, id)).toEqual([]);
    expect(await firingsOf(services, id)).toEqual([]);
    expect((await spawnRecurringTasks(services)).handled).toBe(1);
    expect(await childrenOf(services, id)).toHaveLength(1);
  });

  it('skips a recurring task that is being edited, and returns to it soon', async () => {
    const due = await minutesAgo(services, 1);
    const [locked, free] = [
      await aRecurringTask(services, { schedule: hourlyAt(due) }),
      await aRecurringTask(services, { schedule: hourlyAt(due) }),
    ];
    for (const { id } of [locked, free]) await wasDueAt(services, id, due);
    const lock = await holdLocks(services, 'SELECT FROM recurring_tasks WHERE id = $1 FOR UPDATE', [
      locked.id,
    ]);
    expect((await spawnRecurringTasks(services)).handled).toBe(1);
    expect(await childrenOf(services, free.id)).toHaveLength(1);
    expect(await spawnRecurringTasks(services)).toEqual({ handled: 0, nextInMs: 100 });
    await lock.release();
    expect((await spawnRecurringTasks(services)).handled).toBe(1);
  });

  it('fires the others when one fails, and reports which', async () => {
    const due = await minutesAgo(services, 1);
    const [broken, sound] = [
      await aRecurringTask(services),
      await aRecurringTask(services, { schedule: hourlyAt(due) }),
    ];
    await services.sql("UPDATE recurring_tasks SET time_zone = 'Gone/Forever' WHERE id = $1", [broken.id]);
    await wasDueAt(services, broken.id, new Date(due.getTime() - HOUR));
    await wasDueAt(services, sound.id, due);
    await expect(spawnRecurringTasks(services)).rejects.toMatchObject({
      errors: [expect.objectContaining({ message: `recurring task ${broken.id}` })],
    });
    expect(await childrenOf(services, sound.id)).toHaveLength(1);
  });
});

describe('while a recurring task is due', () => {
  async function aDueOne() {
    const due = await minutesAgo(services, 1);
    const recurring = await aRecurringTask(services, { schedule: hourlyAt(due) });
    await wasDueAt(services, recurring.id, due);
    return recurring;
  }

  it('an edit and the job run one after the other, and both take effect', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await aDueOne();
      const [edited, ...runs] = await Promise.all([
        updateRecurringTask(services, services.admin, {
          id,
          schedule: '0 0 1 1 *',
          template: { title: 'New' },
        }),
        ...processes.map((each) => spawnRecurringTasks(each)),
      ]);
      const handled = runs.reduce((sum, run) => sum + run.handled, 0);
      expect(await childrenOf(services, id)).toHaveLength(handled);
      expect(handled).toBeLessThanOrEqual(1);
      const [row] = await services.sql<{ next_due_at: Date }>(
        'SELECT next_due_at FROM recurring_tasks WHERE id = $1',
        [id],
      );
      expect(row?.next_due_at).toEqual(edited.nextDueAt);
      await removeRecurringTask(services, services.admin, id);
    }
  });

  it('a pause, a removal and firings by hand neither deadlock with the job nor create a task twice', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await aDueOne();
      const ending = round % 2 === 0 ? pauseRecurringTask : removeRecurringTask;
      const [, byHand, ...runs] = await Promise.allSettled([
        ending(services, services.admin, id),
        fireRecurringTask(processes[1] as TestServices, services.admin, id),
        ...processes.map((each) => spawnRecurringTasks(each)),
      ]);
      const handled = runs.reduce(
        (sum, run) => sum + (run.status === 'fulfilled' ? run.value.handled : Number.NaN),
        0,
      );
      expect(handled).toBeLessThanOrEqual(1);
      const fired = byHand?.status === 'fulfilled' ? 1 : 0;
      expect(await childrenOf(services, id)).toHaveLength(handled + fired);
    }
  });

  it('a claim and the replacement of the earlier task: exactly one succeeds', async () => {
    const agent = await anAgent(services);
    for (let round = 0; round < 10; round += 1) {
      const due = await minutesAgo(services, 1);
      const { id } = await aRecurringTask(services, {
        schedule: hourlyAt(due),
        overlap: 'REPLACE',
        template: { assignee: { id: agent.id } },
      });
      const { task: earlier } = await fireRecurringTask(services, services.admin, id);
      await wasDueAt(services, id, due);
      const [claim] = await Promise.all([
        claimNextTask(
          services,
          services.admin,
          { agent: { id: agent.id }, maxCapacity: 100 },
          new AbortController().signal,
        ),
        spawnRecurringTasks(processes[2] as TestServices),
      ]);
      const children = await childrenOf(services, id);
      const status = children.find((child) => child.id === earlier.id)?.status;
      expect(children).toHaveLength(2);
      expect(status).toBe(claim.task?.id === earlier.id ? 'IN_PROGRESS' : 'CANCELLED');
      await services.sql(
        "UPDATE tasks SET status = 'CANCELLED', completed_at = now() WHERE recurring_task_id = $1 AND status = 'ASSIGNED'",
        [id],
      );
      await removeRecurringTask(services, services.admin, id);
    }
  });
});

it('a name that two callers take concurrently goes to one, and the other is refused', async () => {
  const [mine, other] = [await aRecurringTask(services), await aRecurringTask(services)];
  const client = await services.database.pool.connect();
  await client.query('BEGIN');
  await client.query("UPDATE recurring_tasks SET name = 'wanted' WHERE id = $1", [other.id]);
  const refused = expect(
    updateRecurringTask(services, services.admin, { id: mine.id, name: 'wanted' }),
  ).rejects.toMatchObject({ code: 'ALREADY_EXISTS', path: ['name'] });
  await expect
    .poll(
      () =>
        services.sql(
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE recurring_tasks SET name%'",
        ),
      { timeout: 20_000 },
    )
    .toHaveLength(1);
  await client.query('COMMIT');
  client.release();
  await refused;
});
