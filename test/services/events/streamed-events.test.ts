import { describe, expect, it, vi } from 'vitest';
import { LOG_START } from '../../../src/domain/events/log-position.js';
import { listStreamedEvents } from '../../../src/services/events/streamed-events.js';
import { type LogRow, readLog } from '../../../src/store/events/event-log.js';
import { aClaimedTask, aKeyOf, anAgent } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { untilLogIsReadable } from '../../support/postgres/readable-log.js';

let services: TestServices;

useServices(
  (made) => {
    services = made;
  },
  { keepTasks: true },
);

async function readAll(): Promise<readonly LogRow[]> {
  return (await readLog(services.database.pool, { after: LOG_START, limit: 500 })).rows;
}

describe('the events of an agent’s streams', () => {
  it('are looked up once for all streams of one agent, and again for another agent', async () => {
    const [ann, bob] = [await anAgent(services), await anAgent(services)];
    const keys = [await aKeyOf(services, ann), await aKeyOf(services, ann)];
    const bobs = await aKeyOf(services, bob);
    const { task } = await aClaimedTask(services, ann);
    await untilLogIsReadable(services.database.pool);
    const entries = await readAll();
    const asked = vi.spyOn(services.database.pool, 'query');
    const [first, second] = await Promise.all(
      keys.map(async (key) => listStreamedEvents(services, key, entries)),
    );
    const third = await listStreamedEvents(services, keys[1] ?? bobs, entries);
    expect(asked).toHaveBeenCalledTimes(1);
    const ofTask = first?.filter(({ taskId }) => taskId === task.id) ?? [];
    expect(ofTask.length).toBeGreaterThan(2);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const ofBob = await listStreamedEvents(services, bobs, entries);
    expect(asked).toHaveBeenCalledTimes(2);
    expect(ofBob.filter(({ taskId }) => taskId === task.id)).toEqual([]);
    asked.mockRestore();
  });
});
