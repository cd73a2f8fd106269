import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { indexNextTexts } from '../../../src/services/tasks/prepare-search.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;
/** The ids of the runs, oldest first: of scout one that failed and one that runs, of iris one that succeeded. */
let runs: string[];

beforeAll(async () => {
  graph = await openGraph();
  const { services } = graph;
  const scout = await anAgent(services, { name: 'scout', maxCapacity: 5 });
  const iris = await anAgent(services, { name: 'iris', maxCapacity: 5 });
  const [scoutKey, irisKey] = [await aKeyOf(services, scout), await aKeyOf(services, iris)];
  const first = await aClaimedTask(services, scout, { tags: ['maps', 'north'] });
  await failTask(services, scoutKey, { runId: first.runId, error: 'Broken', retry: false });
  const second = await aClaimedTask(services, iris, { tags: ['maps'], reviewPolicy: 'SKIP' });
  await completeTask(services, irisKey, {
    runId: second.runId,
    resolution: 'Done',
    usage: { model: 'small', inputTokens: 1, outputTokens: 1 },
  });
  const third = await aClaimedTask(services, scout, { title: 'Third' });
  runs = [first.runId, second.runId, third.runId];
  await services.sql("UPDATE task_runs SET started_at = started_at - interval '2 hours' WHERE id = $1", [
    runs[0],
  ]);
});

afterAll(() => graph.close());

const LIST = `query ($first: Int, $after: Cursor, $last: Int, $filter: RunFilter, $orderBy: RunOrder) {
  runs(first: $first, after: $after, last: $last, filter: $filter, orderBy: $orderBy) {
    totalCount nodes { id task { title } agent { name } } pageInfo { hasNextPage endCursor }
  }
}`;

type Run = { readonly id: string };

async function list(
  variables: Record<string, unknown>,
  viewer?: Parameters<Graph['get']>[2],
): Promise<string[]> {
  return (await graph.get(LIST, variables, viewer)).runs.nodes.map(({ id }: Run) => id);
}

describe('the list of all runs', () => {
  it('has the latest first, and the oldest first if asked', async () => {
    expect(await list({})).toEqual(runs.toReversed());
    expect(await list({ orderBy: { field: 'STARTED_AT' } })).toEqual(runs);
    expect(await list({ last: 1 })).toEqual(runs.slice(0, 1));
  });

  it('goes on after a cursor', async () => {
    const { nodes, pageInfo, totalCount } = (await graph.get(LIST, { first: 2 })).runs;
    expect(totalCount).toBe(3);
    expect(pageInfo.hasNextPage).toBe(true);
    const rest = await list({ after: pageInfo.endCursor });
    expect([...nodes.map(({ id }: Run) => id), ...rest]).toEqual(runs.toReversed());
  });

  it.each([
    [{ agent: [{ name: 'scout' }] }, [2, 0]],
    [{ agent: [{ name: 'scout' }, { name: 'iris' }], outcome: ['FAILED', 'SUCCEEDED'] }, [1, 0]],
    [{ agent: [] }, []],
    [{ outcome: ['RUNNING'] }, [2]],
    [{ outcome: ['RUNNING', 'FAILED'] }, [2, 0]],
    [{ outcome: [] }, []],
    [{ trigger: ['CLAIM'] }, [2, 1, 0]],
    [{ trigger: ['DISPATCH'] }, []],
    [{ startedAt: { gte: new Date(Date.now() - 3_600_000).toISOString() } }, [2, 1]],
    [{ startedAt: { lt: new Date(Date.now() - 3_600_000).toISOString() } }, [0]],
  ])('has those that match %j', async (filter, places) => {
    expect(await list({ filter })).toEqual(places.map((place) => runs[place]));
  });

  it('has those of a task', async () => {
    const { nodes } = (await graph.get('{ tasks(filter: { search: "Third" }) { nodes { ref } } }')).tasks;
    expect(await list({ filter: { task: { ref: nodes[0].ref } } })).toEqual([runs[2]]);
  });

  it('refuses an agent that does not exist', async () => {
    const { errors } = await graph.ask(LIST, { filter: { agent: [{ name: 'scuot' }] } });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('has for the key of an agent the runs of that agent', async () => {
    const { services } = graph;
    const key = await aKeyOf(services, await anAgent(services, { name: 'iris' }));
    expect(await list({}, key)).toEqual([runs[1]]);
    expect(await list({ filter: { agent: [{ name: 'scout' }] } }, key)).toEqual([]);
  });
});

const COUNTS = `query ($filter: TaskFilter, $by: TaskCountKey!) {
  taskCounts(filter: $filter, by: $by) { key count assignee { name } }
}`;

type Count = { readonly key: string | null; readonly count: number };

async function count(by: string, filter: object = {}, viewer?: Parameters<Graph['get']>[2]) {
  const { taskCounts } = await graph.get(COUNTS, { by, filter }, viewer);
  return Object.fromEntries(taskCounts.map(({ key, count }: Count) => [key ?? 'none', count]));
}

describe('counts of tasks', () => {
  it('are by status, priority, tag, model and reason, the largest first', async () => {
    await aTask(graph.services, { title: 'Waits', priority: 'LOW', tags: ['north'] });
    expect(await count('STATUS')).toEqual({ FAILED: 1, DONE: 1, IN_PROGRESS: 1, INBOX: 1 });
    expect(await count('PRIORITY')).toEqual({ CRITICAL: 3, LOW: 1 });
    expect(await count('TAG')).toEqual({ maps: 2, north: 2 });
    expect(await count('MODEL')).toEqual({ small: 1 });
    expect(await count('FAILURE_REASON')).toEqual({ FAILED_BY_AGENT: 1 });
    const { taskCounts } = await graph.get(COUNTS, { by: 'PRIORITY' });
    expect(taskCounts.map(({ key }: Count) => key)).toEqual(['CRITICAL', 'LOW']);
  });

  it('are by assignee, with those without one', async () => {
    const { taskCounts } = await graph.get(COUNTS, { by: 'ASSIGNEE' });
    expect(
      taskCounts.map(({ count, assignee }: Count & { assignee: { name: string } | null }) => [
        assignee?.name ?? null,
        count,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['scout', 2],
        ['iris', 1],
        [null, 1],
      ]),
    );
  });

  it('are of the tasks that match a filter, also by words and by the name of an agent', async () => {
    expect(await count('STATUS', { tags: ['maps'] })).toEqual({ FAILED: 1, DONE: 1 });
    expect(await count('STATUS', { search: 'waits' })).toEqual({ INBOX: 1 });
    expect(await count('STATUS', { assignee: [{ name: 'scout' }] })).toEqual({ FAILED: 1, IN_PROGRESS: 1 });
    expect(await count('TAG', { status: [] })).toEqual({});
    const { nodes } = (await graph.get('{ tasks(filter: { search: "Waits" }) { nodes { id } } }')).tasks;
    expect(await count('STATUS', { ids: [nodes[0].id, 'task_unknown'] })).toEqual({ INBOX: 1 });
    expect(await count('STATUS', { ids: [] })).toEqual({});
  });

  it('are of the tasks that ended in a period', async () => {
    const { services } = graph;
    await services.sql(
      "UPDATE tasks SET completed_at = completed_at - interval '1 day', status_at = completed_at - interval '1 day', created_at = created_at - interval '2 days' WHERE status = 'FAILED'",
    );
    const today = new Date(Date.now() - 3_600_000).toISOString();
    expect(await count('STATUS', { completedAt: { gte: today } })).toEqual({ DONE: 1 });
    expect(await count('STATUS', { completedAt: { lt: today } })).toEqual({ FAILED: 1 });
    const ended = 'query ($orderBy: TaskOrder) { tasks(orderBy: $orderBy) { nodes { status } } }';
    for (const [direction, statuses] of [
      ['ASC', ['FAILED', 'DONE']],
      ['DESC', ['DONE', 'FAILED']],
    ] as const) {
      const { tasks } = await graph.get(ended, { orderBy: { field: 'COMPLETED_AT', direction } });
      expect(tasks.nodes.slice(0, 2).map(({ status }: { status: string }) => status)).toEqual(statuses);
    }
  });

  it('are of the tasks whose latest attempt has a model, began or whose status began in a period, or that were rejected', async () => {
    const { services } = graph;
    expect(await count('STATUS', { model: ['small', 'large'] })).toEqual({ DONE: 1 });
    expect(await count('STATUS', { model: ['large'] })).toEqual({});
    expect(await count('STATUS', { not: { model: ['small'] } })).toEqual({
      FAILED: 1,
      IN_PROGRESS: 1,
      INBOX: 1,
    });
    await services.sql(
      "UPDATE tasks SET started_at = started_at - interval '2 days', status_at = status_at - interval '1 day' WHERE status = 'FAILED'",
    );
    const today = new Date(Date.now() - 3_600_000).toISOString();
    expect(await count('STATUS', { startedAt: { gte: today } })).toEqual({ DONE: 1, IN_PROGRESS: 1 });
    expect(await count('STATUS', { statusAt: { lt: today } })).toEqual({ FAILED: 1 });
    const sorted = 'query ($orderBy: TaskOrder) { tasks(orderBy: $orderBy) { nodes { status } } }';
    for (const field of ['STARTED_AT', 'STATUS_AT']) {
      const { tasks } = await graph.get(sorted, { orderBy: { field, direction: 'ASC' } });
      expect(tasks.nodes[0]).toEqual({ status: 'FAILED' });
    }
    await services.sql("UPDATE tasks SET review_cycles = 1 WHERE status = 'FAILED'");
    expect(await count('STATUS', { rejected: true })).toEqual({ FAILED: 1 });
    expect(await count('STATUS', { rejected: false })).toEqual({ DONE: 1, IN_PROGRESS: 1, INBOX: 1 });
  });

  it('can be found by the tags in use, which have a common prefix', async () => {
    const tagsOf = async (prefix?: string) =>
      (await graph.get('query ($prefix: String) { tags(prefix: $prefix) }', { prefix })).tags;
    expect(await tagsOf()).toEqual(['maps', 'north']);
    await indexNextTexts(graph.services);
    expect(await tagsOf('no')).toEqual(['north']);
    expect(await tagsOf('No')).toEqual([]);
    const { errors } = await graph.ask('query ($prefix: String) { tags(prefix: $prefix) }', {
      prefix: 'x'.repeat(201),
    });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('are for the key of an agent of the tasks that it may see', async () => {
    const { services } = graph;
    const otto = await anAgent(services, { name: 'otto' });
    await aTaskIn(services, 'DONE', otto);
    expect(await count('STATUS', {}, await aKeyOf(services, otto))).toEqual({ DONE: 1, INBOX: 1 });
  });
});
