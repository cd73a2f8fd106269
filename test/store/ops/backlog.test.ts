import { describe, expect, it } from 'vitest';
import { readLogBounds } from '../../../src/store/events/event-log.js';
import { readBacklog } from '../../../src/store/ops/backlog.js';
import { aClaimedTask, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
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

const start = 0n;

describe('the backlog', () => {
  it('is empty without tasks and without undelivered events', async () => {
    await untilLogIsReadable(services.database.pool);
    const { end } = await readLogBounds(services.database.pool);
    expect(await readBacklog(services.database.pool, end)).toEqual({
      ...{ inbox: 0, assigned: 0, inProgress: 0, inputRequired: 0, review: 0 },
      ...{ oldestWaitingSeconds: 0, feedLagSeconds: 0 },
    });
  });

  it('counts open tasks, and has the age of the oldest waiting task and of the oldest undelivered event', async () => {
    const agent = await anAgent(services);
    await aClaimedTask(services, agent);
    await aTaskIn(services, 'INPUT_REQUIRED', await anAgent(services));
    await Promise.all([aTask(services), aTask(services)]);
    await aTask(services, { assignee: { id: agent.id } });
    const [oldest] = await services.sql<{ id: string }>("SELECT id FROM tasks WHERE status = 'ASSIGNED'");
    await services.sql("UPDATE tasks SET created_at = now() - interval '1 hour' WHERE id = $1", [oldest?.id]);
    await services.sql("UPDATE events SET at = now() - interval '61 seconds'");
    const found = await readBacklog(services.database.pool, start);
    expect(found).toMatchObject({ inbox: 2, assigned: 1, inProgress: 1, inputRequired: 1, review: 0 });
    expect(found.oldestWaitingSeconds).toBeGreaterThanOrEqual(3_600);
    expect(found.feedLagSeconds).toBeGreaterThanOrEqual(60);
    await untilLogIsReadable(services.database.pool);
    const { end } = await readLogBounds(services.database.pool);
    expect((await readBacklog(services.database.pool, end)).feedLagSeconds).toBe(0);
  });
});
