import { beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import { claimFor } from '../../support/factories/claims.js';
import { aKeyOf, anAgent, aTaskIn } from '../../support/factories/factory.js';
import type { LiveGraph } from '../../support/graphql/live-graph.js';
import { useTwoLiveGraphs } from '../../support/graphql/use-two-live-graphs.js';
import {
  anOutage,
  aSkippedRecurringTask,
  askForItems,
  clearAttention,
  listItems,
  pageOfItems,
} from './attention-list.js';

let here: LiveGraph;
let there: LiveGraph;
useTwoLiveGraphs((graphs) => {
  ({ here, there } = graphs);
});
beforeEach(() => clearAttention(here.services));

const acknowledge = (id: string, since?: string, viewer?: Viewer) =>
  here.ask(
    'mutation ($id: ID!, $since: DateTime) { acknowledge(id: $id, since: $since) { item { id acknowledgedAt } errors { code message } } }',
    { id, since },
    viewer,
  );

describe('an acknowledged item', () => {
  it('is off the list until it changes, and listed on request', async () => {
    const { services } = here;
    const agent = await anAgent(services);
    const task = await aTaskIn(services, 'FAILED', agent);
    const live = await there.watch('subscription { needsAttention { total } }');
    await live.has(1);
    const [item] = await listItems(here);
    const { data } = await acknowledge(item.id, item.since);
    expect(data.acknowledge).toMatchObject({
      item: { id: item.id, acknowledgedAt: expect.any(String) },
      errors: [],
    });
    await expect.poll(() => live.items.at(-1)).toEqual({ total: 0 });
    expect(await listItems(here)).toEqual([]);
    expect(await listItems(here, { acknowledged: true })).toMatchObject([
      { id: item.id, acknowledgedBy: { displayName: expect.any(String) } },
    ]);
    const events = await services.sql(
      "SELECT payload FROM events WHERE type = 'attention.acknowledged' ORDER BY id",
    );
    expect(events.at(-1)).toEqual({ payload: { itemId: item.id } });

    await retryTask(services, services.admin, { task: { id: task.id } });
    await failAgain(task, agent);
    expect(await listItems(here)).toMatchObject([{ id: item.id, acknowledgedAt: null }]);
    await expect.poll(() => live.items.at(-1)).toEqual({ total: 1 });
    await live.close();
  });

  it('acknowledged twice at once is acknowledged once', async () => {
    await aTaskIn(here.services, 'FAILED', await anAgent(here.services));
    const [item] = await listItems(here);
    const before = await here.services.sql(
      "SELECT count(*)::int FROM events WHERE type = 'attention.acknowledged'",
    );
    await Promise.all([acknowledge(item.id), acknowledge(item.id), acknowledge(item.id)]);
    await here.settled();
    const after = await here.services.sql(
      "SELECT count(*)::int FROM events WHERE type = 'attention.acknowledged'",
    );
    expect(after[0]!.count).toBe((before[0]!.count as number) + 1);
  });

  it('is refused if it has changed since it was shown, or needs no attention any more', async () => {
    await aTaskIn(here.services, 'FAILED', await anAgent(here.services));
    const [item] = await listItems(here);
    const changed = await acknowledge(item.id, '2026-01-01T00:00:00Z');
    expect(changed.data.acknowledge.errors).toMatchObject([{ code: 'SUPERSEDED' }]);
    for (const id of ['att_00000000000000000000000000', 'nonsense', 'task_1']) {
      const { data } = await acknowledge(id);
      expect(data.acknowledge).toMatchObject({ item: null, errors: [{ code: 'NOT_FOUND' }] });
    }
  });
});

describe('the list of what needs attention', () => {
  it('has the most severe first, of these the oldest first, and pages in both directions', async () => {
    const { services } = here;
    const agent = await anAgent(services);
    for (let i = 0; i < 3; i += 1) await aTaskIn(services, 'FAILED', agent);
    for (let i = 0; i < 2; i += 1) await aTaskIn(services, 'REVIEW', agent);
    await anOutage(services, 'Check the key.');
    await aSkippedRecurringTask(services);

    const all = await pageOfItems(here);
    const kinds = all.nodes.map(({ kind }: { kind: string }) => kind);
    expect(kinds).toEqual([
      'GATEWAY',
      'TASK_FAILED',
      'TASK_FAILED',
      'TASK_FAILED',
      'REVIEW',
      'REVIEW',
      'SCHEDULE',
    ]);
    const instants = all.nodes.slice(1, 6).map(({ since }: { since: string }) => since);
    expect(instants).toEqual(instants.toSorted());
    expect(all).toMatchObject({ totalCount: 7, pageInfo: { hasNextPage: false, hasPreviousPage: false } });
    const found: unknown[] = [];
    for (let after: string | null = null; ; ) {
      const next = await pageOfItems(here, { first: 2, after });
      found.push(...next.nodes);
      expect(next.pageInfo.hasPreviousPage).toBe(after !== null);
      if (!next.pageInfo.hasNextPage) break;
      after = next.pageInfo.endCursor;
    }
    expect(found).toEqual(all.nodes);
    const last = await pageOfItems(here, { last: 3 });
    expect(last.nodes).toEqual(all.nodes.slice(-3));
    expect((await pageOfItems(here, { last: 3, before: last.pageInfo.startCursor })).nodes).toEqual(
      all.nodes.slice(1, 4),
    );
    expect(await listItems(here, { kinds: ['SCHEDULE', 'GATEWAY'] })).toEqual([all.nodes[0], all.nodes[6]]);
    expect(await listItems(here, { kinds: [] })).toEqual([]);
    const foreign = await askForItems(here, { after: 'bm9uc2Vuc2U' });
    expect(foreign.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('is for people: keys of agents can neither read nor follow nor acknowledge it', async () => {
    const agent = await anAgent(here.services);
    const key = await aKeyOf(here.services, agent);
    await aTaskIn(here.services, 'FAILED', agent);
    const [item] = await listItems(here);
    const refused = { extensions: { code: 'FORBIDDEN' } };
    expect((await here.ask('{ needsAttention { totalCount } }', {}, key)).errors).toMatchObject([refused]);
    expect((await acknowledge(item.id, undefined, key)).errors).toMatchObject([refused]);
    expect(await here.get('query ($id: ID!) { node(id: $id) { id } }', { id: item.id }, key)).toEqual({
      node: null,
    });
    await expect(here.watch('subscription { needsAttention { total } }', {}, key)).rejects.toMatchObject(
      refused,
    );
    const reader: Viewer = { ...here.services.admin, role: 'VIEWER' };
    expect((await acknowledge(item.id, undefined, reader)).errors).toMatchObject([refused]);
    expect((await here.get('{ needsAttention { totalCount } }', {}, reader)).needsAttention.totalCount).toBe(
      1,
    );
  });
});

/** Fails the retried task once more. */
async function failAgain(task: { readonly id: string }, agent: { readonly id: string }): Promise<void> {
  const { services } = here;
  const claim = await claimFor(services, agent);
  expect(claim.task?.id).toBe(task.id);
  await failTask(services, services.admin, { runId: claim.run!.id, error: 'again', retry: false });
}
