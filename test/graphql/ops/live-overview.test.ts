import { describe, expect, it, vi } from 'vitest';
import { aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import type { LiveGraph } from '../../support/graphql/live-graph.js';
import { useTwoLiveGraphs } from '../../support/graphql/use-two-live-graphs.js';

let here: LiveGraph;
let there: LiveGraph;

useTwoLiveGraphs((graphs) => {
  ({ here, there } = graphs);
});

const OVERVIEW = 'subscription { overview { taskCounts { status count } capacityInUse } }';

const inbox = (item: { taskCounts: { status: string; count: number }[] }) =>
  item.taskCounts.find(({ status }) => status === 'INBOX')?.count ?? 0;

describe('Subscription.overview', () => {
  it('delivers the counts at once and after a change, and reads them once for all subscribers', async () => {
    const asked = vi.spyOn(here.services.database.readPool, 'query');
    const beganAtMs = Date.now();
    const watches = await Promise.all([here.watch(OVERVIEW), here.watch(OVERVIEW), there.watch(OVERVIEW)]);
    await Promise.all(watches.map((watch) => watch.has(1)));
    const before = inbox(watches[0]?.items[0]);
    for (let i = 0; i < 5; i += 1) await aTask(here.services);
    for (const watch of watches)
      while (inbox(watch.items.at(-1)) < before + 5) await watch.has(watch.results.length + 1);
    // Five changes within a second do not cause five overviews.
    const most = 1 + Math.ceil((Date.now() - beganAtMs) / 1_000);
    for (const watch of watches) expect(watch.items.length).toBeLessThanOrEqual(most);
    const reads = asked.mock.calls
      .flat()
      .filter((each) => String(Object(each).name).startsWith('count_tasks_by_status'));
    expect(reads.length).toBeGreaterThanOrEqual(2);
    expect(reads.length).toBeLessThanOrEqual(most);
    await Promise.all(watches.map((watch) => watch.close()));
  });

  it('delivers current counts to a subscriber that comes right after the last one has left', async () => {
    const first = await here.watch(OVERVIEW);
    await first.has(1);
    await first.close();
    await aTask(here.services);
    const second = await here.watch(OVERVIEW);
    await second.has(1);
    expect(inbox(second.items[0])).toBe(inbox(first.items[0]) + 1);
    await second.close();
  });

  it('is refused for agent keys', async () => {
    const key = await aKeyOf(here.services, await anAgent(here.services));
    await expect(here.watch('subscription { overview { agentsTotal } }', {}, key)).rejects.toMatchObject({
      extensions: { code: 'FORBIDDEN' },
    });
  });
});
