import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  pauseRecurringTask,
  resumeRecurringTask,
} from '../../src/services/recurring/pause-recurring-task.js';
import { updateRecurringTask } from '../../src/services/recurring/update-recurring-task.js';
import {
  aFarSchedule,
  aRecurringTask,
  childrenOf,
  minutesAgo,
  wasDueAt,
} from '../support/factories/recurring.js';
import type { TestServices } from '../support/factories/services.js';
import { useServices } from '../support/factories/use-services.js';
import { aProcess, type Process } from './job-process.js';

let services: TestServices;
useServices(
  (made) => {
    services = made;
  },
  { keepTasks: true },
);

/** Starts processes whose jobs pause for a day unless an event or a due time makes them run. */
async function running(count: number): Promise<Process[]> {
  const processes = await Promise.all(
    Array.from({ length: count }, () => aProcess(services.database.connectionString)),
  );
  onTestFinished(async () => {
    await Promise.all(processes.map((each) => each.close()));
  });
  await Promise.all(processes.map((each) => each.start()));
  return processes;
}

/** Sets the next due time to `ms` from now, because the shortest schedule, a minute, is too long for a test. */
async function isDueIn(id: string, ms: number): Promise<void> {
  await services.sql("UPDATE recurring_tasks SET next_due_at = now() + $2 * interval '1 ms' WHERE id = $1", [
    id,
    ms,
  ]);
}

const childrenUntil = (id: string, count: number) =>
  vi.waitFor(async () => expect(await childrenOf(services, id)).toHaveLength(count), {
    timeout: 20_000,
    interval: 10,
  });

describe('three schedulers with an interval of a day', () => {
  it('pause until the next due time', async () => {
    const { id, nextDueAt } = await aRecurringTask(services, { schedule: aFarSchedule() });
    const processes = await running(3);
    await vi.waitFor(
      () => {
        for (const { scheduler } of processes) {
          const wakesAt = Date.now() + (scheduler.nextRunInMs('spawnRecurringTasks') ?? 0);
          // The pause begins after the run was recorded, so the end is later on a slow machine.
          expect(Math.abs(wakesAt - (nextDueAt?.getTime() ?? 0))).toBeLessThan(60_000);
        }
      },
      { timeout: 20_000 },
    );
    await pauseRecurringTask(services, services.admin, id);
  });

  it('run when a recurring task becomes due', async () => {
    const { id, nextDueAt } = await aRecurringTask(services, { schedule: aFarSchedule() });
    await isDueIn(id, 500);
    await running(3);
    // The stored time is not a due time of the schedule, so no task is created. A run of the job corrects the stored time.
    await vi.waitFor(
      async () => {
        const [row] = await services.sql('SELECT next_due_at FROM recurring_tasks WHERE id = $1', [id]);
        expect(row?.next_due_at).toEqual(nextDueAt);
      },
      { timeout: 20_000, interval: 10 },
    );
    expect(await childrenOf(services, id)).toEqual([]);
    await pauseRecurringTask(services, services.admin, id);
  });

  it('fire a recurring task that is due at their start exactly once', async () => {
    const due = await minutesAgo(services, 1);
    const { id } = await aRecurringTask(services, { schedule: `${due.getUTCMinutes()} * * * *` });
    await wasDueAt(services, id, due);
    const processes = await running(3);
    await childrenUntil(id, 1);
    await Promise.all(processes.map(({ scheduler }) => scheduler.runOnce('spawnRecurringTasks')));
    expect(await childrenOf(services, id)).toHaveLength(1);
    await pauseRecurringTask(services, services.admin, id);
  });

  it('are woken by an edit and by a resume in another process', async () => {
    const { id } = await aRecurringTask(services, { schedule: '0 0 1 1 *' });
    const processes = await running(2);
    const waits = () =>
      processes.map(
        ({ scheduler }) => scheduler.nextRunInMs('spawnRecurringTasks') ?? Number.POSITIVE_INFINITY,
      );
    const soon = () =>
      vi.waitFor(() => expect(Math.max(...waits())).toBeLessThan(61_000), { timeout: 20_000 });
    await updateRecurringTask(services, services.admin, { id, schedule: 'every minute' });
    await soon();
    await pauseRecurringTask(services, services.admin, id);
    await resumeRecurringTask(services, services.admin, id);
    await soon();
    await pauseRecurringTask(services, services.admin, id);
  });
});
