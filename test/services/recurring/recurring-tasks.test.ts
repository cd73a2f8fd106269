import { describe, expect, it } from 'vitest';
import { createRecurringTask } from '../../../src/services/recurring/create-recurring-task.js';
import { fireRecurringTask } from '../../../src/services/recurring/fire-recurring-task.js';
import {
  pauseRecurringTask,
  removeRecurringTask,
  resumeRecurringTask,
} from '../../../src/services/recurring/pause-recurring-task.js';
import { previewSchedule } from '../../../src/services/recurring/read-recurring-tasks.js';
import { spawnRecurringTasks } from '../../../src/services/recurring/spawn-recurring-tasks.js';
import { updateRecurringTask } from '../../../src/services/recurring/update-recurring-task.js';
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
import { namedRefusalsOf, refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
useServices(
  (made) => {
    services = made;
  },
  { keepTasks: true },
);

const template = { title: 'Report' };
const typesOf = async (id: string) => (await recurringEventsOf(services, id)).map(({ type }) => type);

describe('creating a recurring task', () => {
  it('stores the schedule as written, its cron expression, and the next due time', async () => {
    const agent = await anAgent(services);
    const row = await createRecurringTask(services, services.admin, {
      name: 'standup',
      schedule: ' every weekday at 9am ',
      timeZone: 'europe/berlin',
      template: { ...template, assignee: { name: agent.name }, dueIn: 3_600_000 },
    });
    expect(row).toMatchObject({
      name: 'standup',
      schedule: 'every weekday at 9am',
      cron: '0 9 * * 1-5',
      timeZone: 'Europe/Berlin',
      catchUp: 'SKIP',
      overlap: 'ALLOW',
      pausedAt: null,
      priority: 'MEDIUM',
      assigneeId: agent.id,
      dueInMs: 3_600_000n,
      reviewPolicy: 'REQUIRED',
      fireCount: 0,
      version: 1,
    });
    const { nextRuns } = await previewSchedule(services, {
      schedule: row.schedule,
      timeZone: row.timeZone,
      count: 1,
      from: null,
    });
    expect([row.nextDueAt]).toEqual(nextRuns);
    expect(await typesOf(row.id)).toEqual(['recurring.created']);
  });

  it('answers a repeat with the same idempotency key with the same recurring task', async () => {
    const input = { name: 'once', schedule: 'daily', template, idempotencyKey: 'k1' };
    const [first, second] = await Promise.all([
      createRecurringTask(services, services.admin, input),
      createRecurringTask(services, services.admin, input),
    ]);
    expect(second.id).toBe(first.id);
    expect(await typesOf(first.id)).toEqual(['recurring.created']);
    const other = createRecurringTask(services, services.admin, { ...input, schedule: 'weekly' });
    expect(await namedRefusalsOf(other)).toEqual(['IDEMPOTENCY_KEY_REUSED idempotencyKey']);
  });

  it('refuses a name that is taken, also by a concurrent call', async () => {
    const create = () =>
      createRecurringTask(services, services.admin, { name: 'taken', schedule: 'daily', template });
    const outcomes = await Promise.allSettled([create(), create(), create()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await namedRefusalsOf(create())).toEqual(['ALREADY_EXISTS name']);
  });

  it.each([
    [{ name: '' }, ['INVALID name']],
    [{ name: 'x'.repeat(101) }, ['INVALID name']],
    [{ name: 'nul \u0000' }, ['INVALID name']],
    [{ schedule: '' }, ['BAD_SCHEDULE schedule']],
    [{ schedule: 'every 7 minutes' }, ['BAD_SCHEDULE schedule']],
    [{ schedule: '0 0 30 2 *' }, ['BAD_SCHEDULE schedule']],
    [{ schedule: '\u0000' }, ['BAD_SCHEDULE schedule']],
    [{ schedule: '9'.repeat(1_000_000) }, ['BAD_SCHEDULE schedule']],
    [{ schedule: `every ${'day '.repeat(30)}` }, null],
    [{ schedule: '1000000000 * * * *' }, ['BAD_SCHEDULE schedule']],
    [{ schedule: '*/1000000000 * * * *' }, ['BAD_SCHEDULE schedule']],
    [{ schedule: '0-1000000000 * * * *' }, ['BAD_SCHEDULE schedule']],
    [{ schedule: 'каждый день' }, ['BAD_SCHEDULE schedule']],
    [{ schedule: '🕘' }, ['BAD_SCHEDULE schedule']],
    [{ timeZone: 'Middle/Earth' }, ['INVALID timeZone']],
    [{ timeZone: '' }, ['INVALID timeZone']],
    [{ timeZone: '+02:00' }, ['INVALID timeZone']],
    [{ timeZone: '../../etc/localtime' }, ['INVALID timeZone']],
    [{ template: { title: ' ' } }, ['INVALID template.title']],
    [{ template: { title: 'x', dueIn: 0 } }, ['INVALID template.dueIn']],
    [{ template: { title: 'x', dueIn: 1e15 } }, ['INVALID template.dueIn']],
    [{ template: { title: 'x', tags: [''] } }, ['INVALID template.tags.0']],
    [{ template: { title: 'x', assignee: { name: 'nobody' } } }, ['UNKNOWN_AGENT template.assignee']],
  ] as const)(
    'with %j has the expected answer, and stores nothing if it is refused',
    async (input, refusals) => {
      const count = async () => (await services.sql('SELECT id FROM recurring_tasks')).length;
      const before = await count();
      const creating = createRecurringTask(services, services.admin, {
        name: 'hostile',
        schedule: 'daily',
        template,
        ...input,
      } as never);
      if (refusals === null) {
        await removeRecurringTask(services, services.admin, (await creating).id);
      } else {
        expect(await namedRefusalsOf(creating)).toEqual(refusals);
        expect(await count()).toBe(before);
      }
    },
  );
});

describe('editing a recurring task', () => {
  it('changes the given fields, computes the next due time from now, and names the changed fields in the event', async () => {
    const row = await aRecurringTask(services, {
      template: { title: 'Old', description: 'Old', tags: ['old'] },
    });
    await wasDueAt(services, row.id, await minutesAgo(services, 200));
    const edited = await updateRecurringTask(services, services.admin, {
      id: row.id,
      schedule: '0 9 * * *',
      timeZone: 'Asia/Tokyo',
      overlap: 'REPLACE',
      template: { title: 'New' },
      expectedVersion: 1,
    });
    expect(edited).toMatchObject({
      name: row.name,
      schedule: '0 9 * * *',
      cron: '0 9 * * *',
      timeZone: 'Asia/Tokyo',
      overlap: 'REPLACE',
      title: 'New',
      description: null,
      tags: [],
      version: 2,
    });
    expect(edited.nextDueAt?.getUTCHours()).toBe(0);
    expect(edited.nextDueAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    const [, event] = await recurringEventsOf(services, row.id);
    expect(event).toMatchObject({
      type: 'recurring.updated',
      payload: {
        changedFields: expect.arrayContaining(['schedule', 'cron', 'timeZone', 'overlap', 'template']),
      },
    });
  });

  it('that changes nothing succeeds and writes no event', async () => {
    const row = await aRecurringTask(services);
    const same = await updateRecurringTask(services, services.admin, {
      id: row.id,
      name: row.name,
      schedule: row.schedule,
      catchUp: 'SKIP',
      template: { title: row.title },
    });
    expect(same).toEqual(row);
    expect(await typesOf(row.id)).toEqual(['recurring.created']);
  });

  it('refuses a stale version, a taken name, nulls, and an unknown recurring task', async () => {
    const [row, other] = [await aRecurringTask(services), await aRecurringTask(services)];
    const update = (input: object) => updateRecurringTask(services, services.admin, { id: row.id, ...input });
    expect(await namedRefusalsOf(update({ catchUp: 'ALL', expectedVersion: 7 }))).toEqual([
      'VERSION_CONFLICT expectedVersion',
    ]);
    expect(await namedRefusalsOf(update({ name: other.name }))).toEqual(['ALREADY_EXISTS name']);
    expect(await namedRefusalsOf(update({ schedule: null }))).toEqual(['INVALID schedule']);
    expect(await namedRefusalsOf(update({ schedule: '' }))).toEqual(['BAD_SCHEDULE schedule']);
    expect(await namedRefusalsOf(update({ timeZone: 'Nowhere' }))).toEqual(['INVALID timeZone']);
    expect(await namedRefusalsOf(update({ id: 'rec_no' }))).toEqual(['NOT_FOUND id']);
    expect(await namedRefusalsOf(update({ id: 'nul \u0000' }))).toEqual(['NOT_FOUND id']);
  });

  it('applies one of two edits that expect the same version', async () => {
    const row = await aRecurringTask(services);
    const outcomes = await Promise.allSettled(
      (['LATEST', 'ALL'] as const).map((catchUp) =>
        updateRecurringTask(services, services.admin, { id: row.id, catchUp, expectedVersion: 1 }),
      ),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a paused recurring task', () => {
  it('creates no task, and continues from now when it is resumed', async () => {
    const row = await aRecurringTask(services, { schedule: '* * * * *', catchUp: 'ALL' });
    await wasDueAt(services, row.id, await minutesAgo(services, 10));
    const paused = await pauseRecurringTask(services, services.admin, row.id);
    expect(paused).toMatchObject({ nextDueAt: null, version: 2 });
    await spawnRecurringTasks(services);
    expect(await childrenOf(services, row.id)).toEqual([]);
    expect((await pauseRecurringTask(services, services.admin, row.id)).version).toBe(2);
    const schedule = aFarSchedule();
    await updateRecurringTask(services, services.admin, { id: row.id, schedule });
    const resumed = await resumeRecurringTask(services, services.admin, row.id);
    expect(resumed.pausedAt).toBeNull();
    expect(resumed.nextDueAt?.getUTCHours()).toBe(Number(schedule.split(' ')[1]));
    expect(resumed.nextDueAt?.getTime()).toBeGreaterThan((await minutesAgo(services, 0)).getTime());
    await resumeRecurringTask(services, services.admin, row.id);
    await spawnRecurringTasks(services);
    expect(await childrenOf(services, row.id)).toEqual([]);
    expect(await typesOf(row.id)).toEqual([
      'recurring.created',
      'recurring.paused',
      'recurring.updated',
      'recurring.resumed',
    ]);
  });
});

describe('firing by hand', () => {
  it('creates a task now, also if it is paused and its earlier task is open, and does not change the schedule', async () => {
    const row = await aRecurringTask(services, { schedule: 'daily', overlap: 'SKIP' });
    const { recurringTask, task } = await fireRecurringTask(services, services.admin, row.id);
    expect(task).toMatchObject({
      title: expect.stringMatching(/^Report \d+ - [A-Z][a-z]{2} \d+$/),
      recurringTaskId: row.id,
      createdByKeyId: services.admin.keyId,
    });
    expect(recurringTask).toMatchObject({ fireCount: 1, nextDueAt: row.nextDueAt, version: 1 });
    await pauseRecurringTask(services, services.admin, row.id);
    await fireRecurringTask(services, services.admin, row.id);
    expect(await childrenOf(services, row.id)).toHaveLength(2);
    expect((await firingsOf(services, row.id)).map(({ by_hand }) => by_hand)).toEqual([true, true]);
  });

  it('creates one task for each concurrent call', async () => {
    const row = await aRecurringTask(services);
    await Promise.all(Array.from({ length: 10 }, () => fireRecurringTask(services, services.admin, row.id)));
    expect(await childrenOf(services, row.id)).toHaveLength(10);
  });

  it('is refused for an unknown recurring task', async () => {
    expect(await refusalOf(fireRecurringTask(services, services.admin, 'rec_no'))).toMatchObject({
      code: 'NOT_FOUND',
      path: ['id'],
    });
  });
});

describe('removing a recurring task', () => {
  it('does not change its tasks, writes an event, and creates no more tasks', async () => {
    const row = await aRecurringTask(services);
    const { task } = await fireRecurringTask(services, services.admin, row.id);
    expect(await removeRecurringTask(services, services.admin, row.id)).toBe(row.id);
    expect(await childrenOf(services, row.id)).toMatchObject([{ id: task.id, status: 'INBOX' }]);
    expect((await recurringEventsOf(services, row.id)).at(-1)).toMatchObject({
      type: 'recurring.removed',
      payload: { message: `${row.name} was removed.` },
    });
    expect(await namedRefusalsOf(removeRecurringTask(services, services.admin, row.id))).toEqual([
      'NOT_FOUND id',
    ]);
    const again = await aRecurringTask(services, { name: row.name });
    expect(again.id).not.toBe(row.id);
  });
});
