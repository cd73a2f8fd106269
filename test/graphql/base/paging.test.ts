import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TASK_ORDER_FIELDS } from '../../../src/domain/tasks/task-filter.js';
import { clearTasks } from '../../support/factories/claims.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';
import { seedTasks } from '../../support/graphql/seed-tasks.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
});

beforeEach(async () => {
  await clearTasks(graph.services);
});

afterAll(() => graph.close());

const PAGE = `query ($first: Int, $after: Cursor, $last: Int, $before: Cursor, $orderBy: TaskOrder, $filter: TaskFilter) {
  tasks(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy, filter: $filter) {
    nodes { id } edges { cursor node { id } } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

const ORDERS = TASK_ORDER_FIELDS.flatMap((field) =>
  ['ASC', 'DESC'].map((direction) => ({ field, direction })),
);

async function page(variables: Record<string, unknown>) {
  return (await graph.get(PAGE, variables)).tasks;
}

/** The ids of the list, page by page. */
async function walk(variables: Record<string, unknown>, size: number, backward: boolean): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const { nodes, pageInfo } = await page(
      backward ? { ...variables, last: size, before: cursor } : { ...variables, first: size, after: cursor },
    );
    const found = nodes.map((node: { id: string }) => node.id);
    if (backward) ids.unshift(...found);
    else ids.push(...found);
    if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return ids;
    cursor = backward ? pageInfo.startCursor : pageInfo.endCursor;
  }
}

describe('a list in pages', () => {
  it.each(ORDERS)('is the whole list by $field $direction, for any page size', async (orderBy) => {
    await seedTasks(graph, 23);
    const whole = await walk({ orderBy }, 100, false);
    expect(new Set(whole).size).toBe(23);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 25 }), fc.boolean(), async (size, backward) => {
        expect(await walk({ orderBy }, size, backward)).toEqual(whole);
      }),
      { numRuns: 6 },
    );
  });

  it('continues in the right place when the entry at the cursor and others were removed', async () => {
    const orders = fc.constantFrom(...ORDERS);
    const victims = fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 11 });
    await fc.assert(
      fc.asyncProperty(orders, fc.integer({ min: 1, max: 11 }), victims, async (orderBy, size, doomed) => {
        await clearTasks(graph.services);
        await seedTasks(graph, 12);
        const whole = await walk({ orderBy }, 100, false);
        const { pageInfo } = await page({ orderBy, first: size });
        const gone = new Set(doomed.map((index) => whole[index]));
        await graph.services.sql('DELETE FROM tasks WHERE id = ANY($1)', [[...gone]]);
        const rest = (list: string[]) => list.filter((id) => !gone.has(id));
        const next = await page({ orderBy, first: 100, after: pageInfo.endCursor });
        expect(next.nodes.map((node: { id: string }) => node.id)).toEqual(rest(whole.slice(size)));
        expect(next.pageInfo.hasPreviousPage).toBe(rest(whole.slice(0, size)).length > 0);
        const previous = await page({ orderBy, last: 100, before: pageInfo.endCursor });
        expect(previous.nodes.map((node: { id: string }) => node.id)).toEqual(rest(whole.slice(0, size - 1)));
        expect(previous.pageInfo.hasNextPage).toBe(rest(whole.slice(size - 1)).length > 0);
      }),
      { numRuns: 15 },
    );
  });

  it('has every other entry once when one moves behind the cursor', async () => {
    await seedTasks(graph, 10);
    const orderBy = { field: 'UPDATED_AT', direction: 'ASC' };
    const first = await page({ orderBy, first: 4 });
    const moved = first.nodes[3].id;
    await graph.services.sql("UPDATE tasks SET updated_at = '2030-01-01' WHERE id = $1", [moved]);
    const rest = await page({ orderBy, first: 100, after: first.pageInfo.endCursor });
    expect(rest.nodes).toHaveLength(7);
    expect(rest.nodes.at(-1).id).toBe(moved);
  });

  it('gives each edge the cursor at which the list continues', async () => {
    await seedTasks(graph, 5);
    const { edges, nodes, pageInfo } = await page({ first: 5 });
    expect(edges.map((edge: { node: unknown }) => edge.node)).toEqual(nodes);
    expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0].cursor, edges[4].cursor]);
    const middle = await page({ first: 5, after: edges[0].cursor, before: edges[4].cursor });
    expect(middle.nodes).toEqual(nodes.slice(1, 4));
    expect(middle.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  });

  it('has twenty entries by default, and a total that does not depend on the page', async () => {
    await seedTasks(graph, 30);
    const { nodes, totalCount, pageInfo } = await page({});
    expect(nodes).toHaveLength(20);
    expect(totalCount).toBe(30);
    expect(pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    expect((await page({ last: 3 })).nodes).toHaveLength(3);
  });

  it('without entries has no cursors', async () => {
    const empty = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
    expect(await page({ first: 5 })).toEqual({ nodes: [], edges: [], totalCount: 0, pageInfo: empty });
    await seedTasks(graph, 2);
    expect(await page({ first: 0 })).toMatchObject({ nodes: [], pageInfo: { ...empty, hasNextPage: true } });
  });
});
