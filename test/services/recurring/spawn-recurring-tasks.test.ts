import { afterEach, describe, expect, it } from 'vitest';
import { removeRecurringTask } from '../../../src/services/recurring/pause-recurring-task.js';
import { spawnRecurringTasks } from '../../../src/services/recurring/spawn-recurring-tasks.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { eventsOf } from '../../support/factories/aging.js';
import { anAgent } from '../../support/factories/factory.js';
import {
  aFarSchedule,
  aRecurringTask,
  childrenOf,
  firingsOf,
  minutesAgo,
  recurringEventsOf,
  wasDueAt,
} from '../../support/factories/recurring.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
useServices(
  (made) => {
    services = made;
  },
  { keepTasks: true },
);
afterEach(async () => {
  // The job finds only the recurring tasks of the current test.
  for (const { id } of await services.sql<{ id: string }>('SELECT id FROM recurring_tasks'))
    await removeRecurringTask(services, services.admin, id);
  await services.sql("UPDATE tasks SET status = 'CANCELLED', completed_at = now() WHERE status = 'INBOX'");
});

const HOUR = 3_600_000;
/** Every hour, at the minute of this instant. */
const hourlyAt = (at: Date) => `${at.getUTCMinutes()} * * * *`;
const dueAtsOf = async (id: string) =>
  (await childrenOf(services, id)).map(({ scheduled_for }) => scheduled_for.getTime());

describe('a recurring task that is due', () => {
  it('creates a task from its template, with dated title, due date and events, and has a next due time', async () => {
    const agent = await anAgent(services);
    const due = await minutesAgo(services, 0);
    const local = new Date(due.getTime() + 345 * 60_000).toISOString();
    const recurring = await aRecurringTask(services, {
      schedule: `${Number(local.slice(14, 16))} * * * *`,
      timeZone: 'Asia/Kathmandu',
      template: {
        title: 'Report',
        description: 'All of it.',
        priority: 'HIGH',
        assignee: { name: agent.name },
        tags: ['a', 'b', 'a'],
        dueIn: 2 * HOUR,
        metadata: { team: 'red' },
        reviewPolicy: 'SKIP',
      },
    });
    await wasDueAt(services, recurring.id, due);
    expect(await spawnRecurringTasks(services)).toMatchObject({ handled: 1 });

    const [child] = await services.sql('SELECT * FROM tasks WHERE recurring_task_id = $1', [recurring.id]);
    expect(child).toMatchObject({
      title: expect.stringMatching(
        new RegExp(`^Report - [A-Z][a-z]{2} ${Number(local.slice(8, 10))}, ${local.slice(11, 16)}$`),
      ),
      description: 'All of it.',
      status: 'ASSIGNED',
      priority: 'HIGH',
      tags: ['a', 'b'],
      metadata: { team: 'red' },
      review_policy: 'SKIP',
      assignee_id: agent.id,
      created_by_key_id: null,
      scheduled_for: due,
      due_at: new Date(due.getTime() + 2 * HOUR),
    });
    expect((await eventsOf(services, String(child?.id))).map(({ type }) => type)).toEqual([
      'task.created',
      'task.assigned',
      'recurring.fired',
    ]);
    expect((await recurringEventsOf(services, recurring.id)).map(({ type }) => type)).toEqual([
      'recurring.created',
      'recurring.fired',
    ]);
    const [row] = await services.sql('SELECT * FROM recurring_tasks WHERE id = $1', [recurring.id]);
    expect(row).toMatchObject({ fire_count: 1, version: 1, last_skip_reason: null });
    expect(row?.next_due_at).toEqual(new Date(due.getTime() + HOUR));
  });

  it('creates a task that any agent can claim if the template has no assignee; the template cannot be claimed', async () => {
    const agent = await anAgent(services);
    const due = await minutesAgo(services, 0);
    const recurring = await aRecurringTask(services, { schedule: hourlyAt(due) });
    const claim = () =>
      claimNextTask(services, services.admin, { agent: { id: agent.id } }, new AbortController().signal);
    expect((await claim()).reason).toBe('NO_TASKS_AVAILABLE');
    await wasDueAt(services, recurring.id, due);
    await spawnRecurringTasks(services);
    const { task } = await claim();
    expect(task?.recurringTaskId).toBe(recurring.id);
  });

  it('is not fired before its due time', async () => {
    await aRecurringTask(services, { schedule: aFarSchedule() });
    const { handled, nextInMs } = await spawnRecurringTasks(services);
    expect(handled).toBe(0);
    expect(nextInMs).toBeGreaterThan(0);
    expect(nextInMs).toBeLessThanOrEqual(12 * HOUR);
  });
});

describe('a server that was down over three due times', () => {
  /** Every hour, the last time half an hour ago. */
  async function aMissedOne(catchUp: 'SKIP' | 'LATEST' | 'ALL') {
    const newest = await minutesAgo(services, 30);
    const recurring = await aRecurringTask(services, { schedule: hourlyAt(newest), catchUp });
    const times = [2, 1, 0].map((hours) => newest.getTime() - hours * HOUR);
    await wasDueAt(services, recurring.id, new Date(times[0] ?? 0));
    return { recurring, times };
  }

  it('fires the newest with SKIP if that is less than an hour old, and records that the others were missed', async () => {
    const { recurring, times } = await aMissedOne('SKIP');
    expect((await spawnRecurringTasks(services)).handled).toBe(3);
    expect(await dueAtsOf(recurring.id)).toEqual(times.slice(-1));
    const missed = expect.stringMatching(/^The due time was missed by \d+ minutes: the catchUp policy SKIP/);
    expect(await firingsOf(services, recurring.id)).toEqual([
      { due_at: new Date(times[0] ?? 0), task_id: null, by_hand: false, skipped_reason: missed },
      { due_at: new Date(times[1] ?? 0), task_id: null, by_hand: false, skipped_reason: missed },
      { due_at: new Date(times[2] ?? 0), task_id: expect.any(String), by_hand: false, skipped_reason: null },
    ]);
    expect((await recurringEventsOf(services, recurring.id)).map(({ type }) => type)).toEqual([
      'recurring.created',
      'recurring.skipped',
      'recurring.fired',
    ]);
  });

  it('records each due time once if two processes work on it and a run of the job is repeated', async () => {
    const { recurring, times } = await aMissedOne('LATEST');
    await Promise.all([spawnRecurringTasks(services), spawnRecurringTasks(services)]);
    await wasDueAt(services, recurring.id, new Date(times[0] ?? 0));
    expect((await spawnRecurringTasks(services)).handled).toBe(0);
    expect((await firingsOf(services, recurring.id)).map(({ due_at }) => due_at.getTime())).toEqual(times);
  });

  it('records the latest hundred and one entry for all before them, after a year of every minute', async () => {
    const recurring = await aRecurringTask(services, { schedule: '* * * * *', catchUp: 'LATEST' });
    const newest = await minutesAgo(services, 0);
    const first = new Date(newest.getTime() - 365 * 24 * HOUR);
    await wasDueAt(services, recurring.id, first);
    await spawnRecurringTasks(services);
    const firings = await firingsOf(services, recurring.id);
    expect(firings.length).toBeLessThanOrEqual(102);
    expect(firings.filter(({ task_id }) => task_id === null).length).toBeGreaterThanOrEqual(100);
    expect(firings[0]?.skipped_reason).toContain(`All due times since ${first.toISOString()}`);
  });

  it('fires none with SKIP if the newest is older, and records that', async () => {
    const recurring = await aRecurringTask(services, { schedule: '0 0 1 1 *', catchUp: 'SKIP' });
    const [row] = await services.sql<{ at: Date }>(
      `SELECT date_trunc('year', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS at`,
    );
    const newYear = row?.at ?? new Date();
    await wasDueAt(services, recurring.id, newYear);
    expect((await spawnRecurringTasks(services)).handled).toBe(1);
    expect(await childrenOf(services, recurring.id)).toEqual([]);
    expect(await firingsOf(services, recurring.id)).toEqual([
      {
        due_at: newYear,
        task_id: null,
        by_hand: false,
        skipped_reason: expect.stringContaining('The due time was missed by'),
      },
    ]);
    const events = await recurringEventsOf(services, recurring.id);
    expect(events.at(-1)).toMatchObject({
      type: 'recurring.skipped',
      payload: { reason: expect.stringContaining('SKIP') },
    });
    const [after] = await services.sql('SELECT * FROM recurring_tasks WHERE id = $1', [recurring.id]);
    expect(after).toMatchObject({ fire_count: 0, last_skip_reason: expect.stringContaining('missed by') });
    expect((await spawnRecurringTasks(services)).handled).toBe(0);
  });

  it('fires the newest with LATEST at any age', async () => {
    const { recurring, times } = await aMissedOne('LATEST');
    await spawnRecurringTasks(services);
    expect(await dueAtsOf(recurring.id)).toEqual(times.slice(-1));
  });

  it('fires each with ALL, in order', async () => {
    const { recurring, times } = await aMissedOne('ALL');
    expect((await spawnRecurringTasks(services)).handled).toBe(3);
    expect(await dueAtsOf(recurring.id)).toEqual(times);
    expect((await spawnRecurringTasks(services)).handled).toBe(0);
  });

  it('fires the newest hundred with ALL after a long outage', async () => {
    const recurring = await aRecurringTask(services, { schedule: '* * * * *', catchUp: 'ALL' });
    const newest = await minutesAgo(services, 0);
    await wasDueAt(services, recurring.id, new Date(newest.getTime() - 365 * 24 * HOUR));
    const { handled } = await spawnRecurringTasks(services);
    expect(handled).toBeGreaterThanOrEqual(100);
    const times = await dueAtsOf(recurring.id);
    expect(times.slice(0, 100).at(-1)).toBeGreaterThanOrEqual(newest.getTime());
  });
});

describe('an earlier task that is still open', () => {
  async function twoDueTimes(
    overlap: 'ALLOW' | 'SKIP' | 'REPLACE',
    between?: (taskId: string) => Promise<unknown>,
  ) {
    const [earlier, later] = [await minutesAgo(services, 70), await minutesAgo(services, 10)];
    const recurring = await aRecurringTask(services, {
      schedule: hourlyAt(later),
      overlap,
      catchUp: 'LATEST',
      template: { priority: 'CRITICAL' },
    });
    await wasDueAt(services, recurring.id, later);
    await spawnRecurringTasks(services);
    const [first] = await childrenOf(services, recurring.id);
    // An hour passes: the due time of a moment ago lies an hour back.
    await services.sql('UPDATE recurring_firings SET due_at = $2 WHERE recurring_task_id = $1', [
      recurring.id,
      earlier,
    ]);
    await services.sql('UPDATE tasks SET scheduled_for = $2 WHERE recurring_task_id = $1', [
      recurring.id,
      earlier,
    ]);
    await between?.(first?.id ?? '');
    await wasDueAt(services, recurring.id, later);
    await spawnRecurringTasks(services);
    const statuses = (await childrenOf(services, recurring.id)).map(({ status }) => status);
    return { recurring, first, statuses };
  }

  it('does not prevent the next task with ALLOW', async () => {
    expect((await twoDueTimes('ALLOW')).statuses).toEqual(['INBOX', 'INBOX']);
  });

  it('prevents the next task with SKIP, with the reason in the firing and in the event', async () => {
    const { recurring, first, statuses } = await twoDueTimes('SKIP');
    expect(statuses).toEqual(['INBOX']);
    const reason = expect.stringMatching(/^Its earlier task TASK-\d+ is still INBOX\.$/);
    expect((await firingsOf(services, recurring.id)).at(-1)).toMatchObject({
      task_id: null,
      skipped_reason: reason,
    });
    const [row] = await services.sql('SELECT * FROM recurring_tasks WHERE id = $1', [recurring.id]);
    expect(row).toMatchObject({ fire_count: 1, last_skip_reason: reason, last_skipped_at: expect.any(Date) });
    expect((await recurringEventsOf(services, recurring.id)).at(-1)).toEqual({
      type: 'recurring.skipped',
      task_id: first?.id,
      payload: { reason },
    });
  });

  it('that has ended does not prevent the next task', async () => {
    const { statuses } = await twoDueTimes('SKIP', (id) =>
      services.sql("UPDATE tasks SET status = 'CANCELLED', completed_at = now() WHERE id = $1", [id]),
    );
    expect(statuses).toEqual(['CANCELLED', 'INBOX']);
  });

  it('is cancelled with REPLACE if it has not been claimed', async () => {
    const { first, statuses, recurring } = await twoDueTimes('REPLACE');
    expect(statuses).toEqual(['CANCELLED', 'INBOX']);
    expect((await eventsOf(services, first?.id ?? '', ['task.cancelled']))[0]?.payload).toMatchObject({
      reason: `Replaced by the next task of ${recurring.name}.`,
    });
  });

  it('continues with REPLACE if it is in progress', async () => {
    const agent = await anAgent(services);
    const { statuses } = await twoDueTimes('REPLACE', () =>
      claimNextTask(services, services.admin, { agent: { id: agent.id } }, new AbortController().signal),
    );
    expect(statuses).toEqual(['IN_PROGRESS', 'INBOX']);
  });
});
