import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCursor } from '../../../src/domain/cursor.js';
import { anAgent, aTask } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
  const agent = await anAgent(graph.services, { name: 'ann' });
  for (let i = 0; i < 3; i += 1) await aTask(graph.services, { assignee: { id: agent.id } });
});

afterAll(() => graph.close());

/** The code and message of the refusal. Fails if there is none, or if there is data. */
async function refusalOf(query: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await graph.ask(query, variables);
  expect(Object.values(data ?? {}).filter((value) => value !== null)).toEqual([]);
  expect(errors).toHaveLength(1);
  return { code: errors?.[0]?.extensions.code, message: errors?.[0]?.message };
}

const LIST = `query ($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: TaskFilter, $orderBy: TaskOrder) {
  tasks(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) { nodes { id } pageInfo { hasNextPage hasPreviousPage } }
}`;

describe('a list', () => {
  it.each([
    [{ first: -1 }, 'first is -1, but must be from 0 to 100.'],
    [{ first: 101 }, 'first is 101, but must be from 0 to 100.'],
    [{ first: 1_000_000_000 }, 'first is 1000000000, but must be from 0 to 100.'],
    [{ last: -5 }, 'last is -5, but must be from 0 to 100.'],
    [{ last: 2_147_483_647 }, 'last is 2147483647, but must be from 0 to 100.'],
    [{ first: 1, last: 1 }, 'Use either first or last, not both.'],
  ])('refuses the size %j', async (page, message) => {
    expect(await refusalOf(LIST, page)).toEqual({ code: 'BAD_USER_INPUT', message });
  });

  it('refuses sizes that are not an Int', async () => {
    for (const first of [1.5, '5', true, 3_000_000_000]) {
      const { errors } = await graph.ask(LIST, { first });
      expect(errors?.[0]?.message).toContain('$first');
    }
  });

  it('treats null as an argument that is not given', async () => {
    const { tasks } = await graph.get(LIST, {
      first: null,
      after: null,
      last: null,
      before: null,
      filter: null,
      orderBy: null,
    });
    expect(tasks.nodes).toHaveLength(3);
  });

  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each([
    ['', 'nothing'],
    ['not a cursor', 'some text'],
    ['%00%ff', 'bytes'],
    [encode({ tag: 'task.CREATED_AT' }), 'an object'],
    [encode(['task.CREATED_AT']), 'too few values'],
    [encode(['task.CREATED_AT', '2026-11-22T12:00:00.000Z', '1', '1']), 'too many values'],
    [encode(['task.CREATED_AT', 'yesterday', '1']), 'an invalid instant'],
    [encode(['task.CREATED_AT', 5, 1]), 'numbers for texts'],
    [encode(['task.CREATED_AT', '2026-11-22T12:00:00.000Z', '1; DROP TABLE tasks']), 'SQL'],
    [encode(['task.CREATED_AT', '2026-11-22T12:00:00.000Z', '9'.repeat(30)]), 'a number that is too large'],
    [formatCursor('task.PRIORITY', ['HIGH', 3n]), 'the cursor of another order'],
    [formatCursor('agent', ['ann']), 'the cursor of another list'],
  ])('refuses the cursor %s (%s)', async (cursor) => {
    for (const page of [{ after: cursor }, { before: cursor }, { last: 1, before: cursor }]) {
      expect(await refusalOf(LIST, page)).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('cursor'),
      });
    }
  });

  it.each([
    ['tasks', 'hasNextPage', { last: 1, before: 'text' }],
    ['tasks', 'hasPreviousPage', { first: 1, after: 'text' }],
    ['events', 'hasNextPage', { last: 1, before: 'text' }],
    ['agents { nodes { tasks', 'hasNextPage', { last: 1, before: 'text' }],
  ])('of %s refuses a cursor of another list even if only %s is requested', async (list, field, page) => {
    const query = `query ($first: Int, $after: Cursor, $last: Int, $before: Cursor) {
      ${list}(first: $first, after: $after, last: $last, before: $before) { pageInfo { ${field} } }${list.includes('{') ? ' } }' : ''}
    }`;
    expect(await refusalOf(query, page)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('cursor'),
    });
  });

  it('refuses an invalid priority in a cursor of the order by priority', async () => {
    const refused = await refusalOf(LIST, {
      orderBy: { field: 'PRIORITY' },
      after: encode(['task.PRIORITY', 'URGENT', '1']),
    });
    expect(refused.code).toBe('BAD_USER_INPUT');
  });

  const nested = (depth: number): object => (depth === 1 ? { overdue: true } : { not: nested(depth - 1) });

  it.each([
    ['too deep', nested(6)],
    ['too wide', { or: Array.from({ length: 50 }, () => ({ overdue: true })) }],
    ['too long', { tags: Array.from({ length: 101 }, () => 'x') }],
    ['a long search', { search: 'x'.repeat(201) }],
    ['U+0000', { search: 'a\u0000b' }],
    ['U+0000 in a tag', { or: [{ tags: ['\u0000'] }] }],
    ['U+0000 in a name', { assignee: [{ name: '\u0000' }] }],
  ])('refuses a filter: %s', async (_name, filter) => {
    expect((await refusalOf(LIST, { filter })).code).toBe('BAD_USER_INPUT');
  });

  it('accepts a filter of the maximum size', async () => {
    const filter = { and: [nested(4), { or: Array.from({ length: 44 }, () => ({ overdue: false })) }] };
    expect((await graph.get(LIST, { filter })).tasks.nodes).toHaveLength(3);
  });

  it('refuses two names in one ref', async () => {
    const { errors } = await graph.ask('query ($ref: TaskRef!) { task(ref: $ref) { id } }', {
      ref: { id: 'a', ref: 'b' },
    });
    expect(errors?.[0]?.message).toContain('$ref');
  });
});

describe('an id and a ref that are mixed up', () => {
  it('are told apart in the message', async () => {
    const task = await aTask(graph.services);
    const ref = `TASK-${task.number}`;
    const read = 'query ($ref: TaskRef!) { task(ref: $ref) { id } }';
    expect(await refusalOf(read, { ref: { id: ref } })).toEqual({
      code: 'BAD_USER_INPUT',
      message: `${ref} is a ref and not an id: write {ref: "${ref}"}.`,
    });
    expect((await refusalOf(read, { ref: { ref: task.id } })).message).toContain(`write {id: "${task.id}"}.`);
    expect(
      (await refusalOf('query ($ref: AgentRef!) { agent(ref: $ref) { id } }', { ref: { id: 'ann' } }))
        .message,
    ).toContain('ann is not an id: write {name: …}');
  });
});

describe('an unknown id', () => {
  it.each([
    '',
    'task_',
    "task_' OR true --",
    'task_01k00000000000000000000000',
    'constructor_01k00000000000000000000000',
    '__proto___01k00000000000000000000000',
    'req_01k00000000000000000000000',
    'task_01k0000000000000000000000\u0000',
    'x'.repeat(100_000),
    '🦊',
  ])('%j finds nothing and causes no fault', async (id) => {
    const found = await graph.get(
      'query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id, $id]) { id } task(ref: { id: $id }) { id } agent(ref: { id: $id }) { id } }',
      { id },
    );
    expect(found).toEqual({ node: null, nodes: [null, null], task: null, agent: null });
  });

  it.each([
    '',
    'TASK-',
    'TASK-0',
    'TASK-1.5',
    'TASK--1',
    'TASK-99999999999999999999',
    'TASK-1\u0000',
    'task 1',
  ])('the ref %j finds nothing and causes no fault', async (ref) => {
    expect(
      (await graph.get('query ($ref: String!) { task(ref: { ref: $ref }) { id } }', { ref })).task,
    ).toBeNull();
  });

  it.each(['', 'nobody', "ann'", 'ann\u0000', 'Ann'])('the agent %j is not found', async (name) => {
    const query =
      'query ($name: String!) { agent(ref: { name: $name }) { id } nextTask(agent: { name: $name }) { id } }';
    expect(await graph.get(query, { name })).toEqual({ agent: null, nextTask: null });
  });

  it('is refused among more than a hundred ids', async () => {
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    expect((await refusalOf(query, { ids: Array(101).fill('task_x') })).code).toBe('BAD_USER_INPUT');
    expect((await graph.get(query, { ids: Array(100).fill('task_x') })).nodes).toHaveLength(100);
  });
});

describe('a query', () => {
  it.each([
    [
      'costs too much',
      '{ agents(first: 100) { nodes { tasks(first: 100) { nodes { id title status } } } } }',
      'complexity is',
    ],
    [
      'costs too much in its edges',
      '{ agents(last: 100) { edges { node { tasks(last: 100) { edges { node { id title status } } } } } } }',
      'complexity is',
    ],
    [
      'nests too deep',
      `{ task(ref: { ref: "TASK-1" }) { ${'dependsOn { '.repeat(15)} id ${'} '.repeat(15)} } }`,
      'depth is',
    ],
    [
      'is too wide',
      `{ ${Array.from({ length: 401 }, (_, i) => `a${i}: __typename`).join(' ')} viewer { role } }`,
      'breadth is',
    ],
  ])('that %s is refused', async (_name, query, message) => {
    expect(await refusalOf(query)).toEqual({
      code: 'QUERY_TOO_COMPLEX',
      message: expect.stringContaining(message),
    });
  });

  it('has its variables and fragments counted', async () => {
    const query = `query ($n: Int!) { agents(first: $n) { ...A } }
      fragment A on AgentConnection { nodes { tasks(first: $n) { nodes { ...T } } } } fragment T on Task { id title status }`;
    expect((await graph.get(query, { n: 50 })).agents.nodes).toHaveLength(1);
    expect((await refusalOf(query, { n: 100 })).code).toBe('QUERY_TOO_COMPLEX');
  });
});

describe('a value', () => {
  it.each([
    ['createdAt: { gte: "2026-11-22" }', 'DateTime'],
    ['createdAt: { gte: "2026-02-30T00:00:00Z" }', 'DateTime'],
    ['createdAt: { gte: 5 }', 'DateTime'],
  ])('%s is refused', async (filter, type) => {
    const { errors } = await graph.ask(`{ tasks(filter: { ${filter} }) { totalCount } }`);
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining(type),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  it.each(['P1M', 'PT0.5S', '"', '5 days', 'PT30S', 'P367D', '-PT1H', ''])(
    '%j is refused as the window of statistics',
    async (window) => {
      const { errors } = await graph.ask(
        'query ($window: Duration) { agent(ref: { name: "ann" }) { stats(window: $window) { completed } } }',
        { window },
      );
      expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    },
  );

  it.each([0, 501, -1, 2_147_483_647])('%i is refused as the number of buckets', async (buckets) => {
    const { errors } = await graph.ask(
      'query ($buckets: Int) { overview { throughput(buckets: $buckets) { at } } }',
      { buckets },
    );
    expect(['BAD_USER_INPUT', 'QUERY_TOO_COMPLEX']).toContain(errors?.[0]?.extensions.code);
  });
});
