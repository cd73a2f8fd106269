import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
});

afterAll(() => graph.close());

describe('the overview', () => {
  it('of an empty database has only zeros', async () => {
    const { overview } = await graph.get(
      '{ overview { taskCounts { status count } agentsOnline agentsTotal capacityInUse capacityTotal oldestWaitingSince oldestInReviewSince throughput(window: "PT1H", buckets: 2) { created completed failed rejected } } }',
    );
    const nothing = { created: 0, completed: 0, failed: 0, rejected: 0 };
    expect(overview).toEqual({
      taskCounts: [
        'INBOX',
        'ASSIGNED',
        'IN_PROGRESS',
        'INPUT_REQUIRED',
        'REVIEW',
        'REJECTED',
        'DONE',
        'FAILED',
        'CANCELLED',
      ].map((status) => ({ status, count: 0 })),
      agentsOnline: 0,
      agentsTotal: 0,
      capacityInUse: 0,
      capacityTotal: 0,
      oldestWaitingSince: null,
      oldestInReviewSince: null,
      throughput: [nothing, nothing],
    });
  });

  it('counts tasks, agents and their leases', async () => {
    const { services } = graph;
    const ann = await anAgent(services, { maxCapacity: 3 });
    const bob = await anAgent(services, { maxCapacity: 4 });
    for (const status of ['INBOX', 'INBOX', 'ASSIGNED', 'DONE', 'FAILED', 'REVIEW', 'CANCELLED'] as const) {
      await services.sql("UPDATE tasks SET status_at = status_at - interval '1 minute'");
      await aTaskIn(services, status, ann);
    }
    await aTaskIn(services, 'IN_PROGRESS', bob);
    await services.sql("UPDATE agents SET last_seen_at = now() - interval '1 hour' WHERE id = $1", [ann.id]);
    const { overview } = await graph.get(
      '{ overview { taskCounts { status count } agentsOnline agentsTotal capacityInUse capacityTotal oldestWaitingSince oldestInReviewSince } }',
    );
    const counts = Object.fromEntries(
      overview.taskCounts.map(({ status, count }: { status: string; count: number }) => [status, count]),
    );
    expect(counts).toEqual({
      INBOX: 2,
      ASSIGNED: 1,
      IN_PROGRESS: 1,
      INPUT_REQUIRED: 0,
      REVIEW: 1,
      REJECTED: 0,
      DONE: 1,
      FAILED: 1,
      CANCELLED: 1,
    });
    expect(overview).toMatchObject({ agentsOnline: 1, agentsTotal: 2, capacityInUse: 1, capacityTotal: 7 });
    const [oldest] = await services.sql<{ waiting: Date; reviewed: Date }>(
      "SELECT min(created_at) FILTER (WHERE status IN ('INBOX', 'ASSIGNED')) AS waiting, min(status_at) FILTER (WHERE status = 'REVIEW') AS reviewed FROM tasks",
    );
    expect(overview.oldestWaitingSince).toBe(oldest?.waiting.toISOString());
    expect(overview.oldestInReviewSince).toBe(oldest?.reviewed.toISOString());
  });

  it('counts each outcome in its bucket of the window', async () => {
    const { services } = graph;
    await services.sql('TRUNCATE tasks CASCADE');
    const ann = await anAgent(services);
    await aTaskIn(services, 'DONE', ann);
    await aTaskIn(services, 'FAILED', ann);
    const rejected = await aTaskIn(services, 'REVIEW', ann);
    await submitVerdict(services, services.admin, {
      task: { id: rejected.id },
      verdict: 'REJECTED',
      feedback: 'No.',
    });
    const old = await aTask(services);
    await services.sql("UPDATE tasks SET created_at = now() - interval '50 minutes' WHERE id = $1", [old.id]);
    const ancient = await aTaskIn(services, 'DONE', await anAgent(services));
    await services.sql(
      "UPDATE tasks SET created_at = now() - interval '3 hours', status_at = now() - interval '2 hours', completed_at = now() - interval '2 hours' WHERE id = $1",
      [ancient.id],
    );
    await services.sql(
      "UPDATE quality_reviews SET created_at = now() - interval '2 hours' WHERE task_id = $1",
      [ancient.id],
    );
    const { overview } = await graph.get(
      '{ overview { throughput(window: "PT1H", buckets: 3) { at created completed failed rejected } } }',
    );
    expect(overview.throughput).toMatchObject([
      { created: 1, completed: 0, failed: 0, rejected: 0 },
      { created: 0, completed: 0, failed: 0, rejected: 0 },
      { created: 3, completed: 1, failed: 1, rejected: 1 },
    ]);
    const [first, second, third] = overview.throughput.map(({ at }: { at: string }) => Date.parse(at));
    expect([second - first, third - second]).toEqual([1_200_000, 1_200_000]);
  });

  it('has how long tasks waited and attempts took, in whole hours', async () => {
    const TIMES = `query ($window: Duration, $buckets: Int) { overview { attemptTimes(window: $window, buckets: $buckets) {
      at waits { count p50Ms p95Ms } runs { count p50Ms } } } }`;
    const { attemptTimes } = (await graph.get(TIMES, { window: 'P1D', buckets: 12 })).overview;
    expect(attemptTimes).toHaveLength(12);
    expect((await graph.get(TIMES, { window: 'P1D', buckets: 1 })).overview.attemptTimes).toHaveLength(1);
    for (const { at } of attemptTimes) expect(Date.parse(at) % 3_600_000).toBe(0);
    const last = attemptTimes.at(-1);
    expect(last.waits.count).toBeGreaterThan(0);
    expect(last.waits.p95Ms).toBeGreaterThanOrEqual(last.waits.p50Ms);
    expect(attemptTimes[0]).toMatchObject({
      waits: { count: 0, p50Ms: null },
      runs: { count: 0, p50Ms: null },
    });
    const { errors } = await graph.ask(TIMES, { buckets: 0 });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});
