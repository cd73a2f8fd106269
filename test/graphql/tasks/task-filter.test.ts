import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anAgent } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';
import { insertTasks } from '../../support/graphql/seed-tasks.js';

let graph: Graph;
let tasks: Listed[];

interface Listed {
  readonly id: string;
  readonly ref: string;
  readonly number: number;
  readonly title: string;
  readonly description: string | null;
  readonly status: string;
  readonly priority: string;
  readonly tags: readonly string[];
  readonly assignee: { readonly id: string; readonly name: string } | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly dueAt: string | null;
}

const LIST = `query ($filter: TaskFilter, $orderBy: TaskOrder) { tasks(first: 100, filter: $filter, orderBy: $orderBy) {
  totalCount nodes { id ref title description status priority tags assignee { id name } createdAt updatedAt dueAt }
} }`;

/** A small selection, so that a run spends its time in the filter. */
const LIST_IDS =
  'query ($filter: TaskFilter) { tasks(first: 100, filter: $filter) { totalCount upTo: totalCount(atMost: 9) nodes { id } } }';

const WORDS = ['coast', 'Map', '100%', 'a_b', 'back\\slash', "o'clock"];
const TAGS = ['red', 'green', 'blue'];
const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];
const at = (hours: number) => new Date(Date.parse('2026-11-22T00:00:00Z') + hours * 3_600_000);
const PAST = new Date('2001-01-01T00:00:00Z');
const FUTURE = new Date('2101-01-01T00:00:00Z');

beforeAll(async () => {
  graph = await openGraph();
  const agents = [
    await anAgent(graph.services, { name: 'ann' }),
    await anAgent(graph.services, { name: 'bob' }),
  ];
  await insertTasks(
    graph,
    Array.from({ length: 40 }, (_, i) => ({
      title: `${WORDS[i % 6]} ${i}`,
      description: i % 4 === 0 ? null : `About the ${WORDS[(i + 3) % 6]}`,
      priority: PRIORITIES[(i * 7) % 4]!,
      tags: TAGS.filter((_tag, bit) => (i >> bit) % 2 === 1),
      assigneeId: [null, agents[0]!.id, agents[1]!.id][i % 3]!,
      createdAt: at(i % 6),
      updatedAt: at((i * 5) % 9),
      dueAt: [null, PAST, FUTURE, at(i % 4)][i % 4]!,
    })),
  );
  tasks = await list({});
});

afterAll(() => graph.close());

async function list(variables: Record<string, unknown>): Promise<Listed[]> {
  const { nodes, totalCount } = (await graph.get(LIST, variables)).tasks;
  expect(totalCount).toBe(nodes.length);
  return nodes.map((node: Listed) => ({ ...node, number: Number(node.ref.slice('TASK-'.length)) }));
}

/** The meaning of a filter, without SQL. */
function lets(filter: Filter, task: Listed): boolean {
  const within = (text: string | null, range: Range) =>
    text !== null && (!range.gte || text >= range.gte) && (!range.lt || text < range.lt);
  const isOverdue = task.dueAt !== null && Date.parse(task.dueAt) < Date.now();
  return [
    !filter.status || filter.status.includes(task.status),
    !filter.priority || filter.priority.includes(task.priority),
    !filter.assignee ||
      filter.assignee.some(
        (ref) => task.assignee !== null && (ref.name === task.assignee.name || ref.id === task.assignee.id),
      ),
    filter.unassigned === undefined || (task.assignee === null) === filter.unassigned,
    !filter.tags || filter.tags.every((tag) => task.tags.includes(tag)),
    !filter.search ||
      `${task.title}\n${task.description ?? ''}`.toLowerCase().includes(filter.search.toLowerCase()) ||
      task.ref === filter.search.toUpperCase(),
    !filter.createdAt || within(task.createdAt, filter.createdAt),
    !filter.dueAt || (!filter.dueAt.gte && !filter.dueAt.lt) || within(task.dueAt, filter.dueAt),
    filter.overdue === undefined || isOverdue === filter.overdue,
    !filter.and || filter.and.every((part) => lets(part, task)),
    !filter.or || filter.or.some((part) => lets(part, task)),
    !filter.not || !lets(filter.not, task),
  ].every(Boolean);
}

interface Range {
  gte?: string;
  lt?: string;
}

interface Filter {
  status?: string[];
  priority?: string[];
  assignee?: ({ name: string; id?: never } | { id: string; name?: never })[];
  unassigned?: boolean;
  tags?: string[];
  search?: string;
  createdAt?: Range;
  dueAt?: Range;
  overdue?: boolean;
  and?: Filter[];
  or?: Filter[];
  not?: Filter;
}

const some = <T>(...values: T[]) => fc.uniqueArray(fc.constantFrom(...values), { maxLength: 3 });
const range = fc.record(
  {
    gte: fc.integer({ min: -1, max: 7 }).map((h) => at(h).toISOString()),
    lt: fc.integer({ min: -1, max: 7 }).map((h) => at(h).toISOString()),
  },
  { requiredKeys: [] },
);

const { filter: filters } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.record(
    {
      status: some('INBOX', 'ASSIGNED', 'DONE'),
      priority: some(...PRIORITIES),
      assignee: some({ name: 'ann' }, { name: 'bob' }, { name: 'nobody' }, { id: 'agt_nobody' }),
      unassigned: fc.boolean(),
      tags: some(...TAGS),
      search: fc.constantFrom(
        'coast',
        'MAP',
        '%',
        '_',
        '\\',
        "o'clock",
        'the',
        'TASK-3',
        'task-12',
        'ask-1',
        "'; DROP TABLE tasks; --",
      ),
      createdAt: range,
      dueAt: range,
      overdue: fc.boolean(),
      and: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
      or: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
      not: fc.option(tie('filter'), { nil: {}, depthIdentifier: 'filter', maxDepth: 3 }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Filter>,
}));

describe('a filter of tasks', () => {
  it('returns the matching tasks, for any combination of its fields', async () => {
    // More searches in one filter are refused for their price.
    const fits = filters.filter(
      (filter) => size(filter) <= 50 && depth(filter) <= 5 && searches(filter) <= 9,
    );
    await fc.assert(
      fc.asyncProperty(fits, async (filter) => {
        const expected = tasks.filter((task) => lets(filter, task)).map((task) => task.id);
        const found = (await graph.get(LIST_IDS, { filter })).tasks;
        expect(found.nodes.map(({ id }: Listed) => id)).toEqual(expected);
        expect(found.totalCount).toBe(expected.length);
        expect(found.upTo).toBe(Math.min(9, expected.length));
      }),
    );
  });

  it.each(['status', 'priority', 'assignee'])('returns no task for an empty list of %s', async (name) => {
    expect(await list({ filter: { [name]: [] } })).toEqual([]);
  });
});

describe('the number of tasks of a list', () => {
  it('stops at atMost, also in a list of each agent', async () => {
    const { agents } = await graph.get(
      '{ agents { nodes { tasks { totalCount few: totalCount(atMost: 5) all: totalCount(atMost: 100000) } } } }',
    );
    const counts = agents.nodes.map((agent: { tasks: Record<string, number> }) => agent.tasks);
    expect(counts).toEqual([
      { totalCount: 13, few: 5, all: 13 },
      { totalCount: 13, few: 5, all: 13 },
    ]);
  });

  it.each([0, -1, 100_001])('refuses atMost %i', async (atMost) => {
    await expect(
      graph.get('query ($atMost: Int) { tasks { totalCount(atMost: $atMost) } }', { atMost }),
    ).rejects.toThrow('atMost must be from 1 to 100000.');
  });
});

describe('an order of tasks', () => {
  const byPriority = (task: Listed) => PRIORITIES.indexOf(task.priority);
  const due = (task: Listed) => (task.dueAt === null ? Number.POSITIVE_INFINITY : Date.parse(task.dueAt));
  const keys: Record<string, (task: Listed) => number[]> = {
    QUEUE: (task) => [byPriority(task), due(task), Date.parse(task.createdAt), task.number],
    CREATED_AT: (task) => [Date.parse(task.createdAt), task.number],
    UPDATED_AT: (task) => [Date.parse(task.updatedAt), task.number],
    DUE_AT: (task) => [due(task), task.number],
    PRIORITY: (task) => [byPriority(task), task.number],
  };

  it.each(Object.keys(keys))('by %s is the same in both directions', async (field) => {
    const sorted = tasks.toSorted((a, b) => compare(keys[field]!(a), keys[field]!(b))).map((task) => task.id);
    const listed = async (direction: string) =>
      (await list({ orderBy: { field, direction } })).map((task) => task.id);
    expect(await listed('ASC')).toEqual(sorted);
    if (field === 'DUE_AT') return;
    expect(await listed('DESC')).toEqual(sorted.toReversed());
  });

  it('by due date has tasks without one last, in both directions', async () => {
    for (const direction of ['ASC', 'DESC']) {
      const listed = await list({ orderBy: { field: 'DUE_AT', direction } });
      const dated = listed.findIndex((task) => task.dueAt === null);
      expect(listed.slice(dated).every((task) => task.dueAt === null)).toBe(true);
      const dates = listed.slice(0, dated).map(due);
      expect(dates).toEqual(dates.toSorted((a, b) => (direction === 'ASC' ? a - b : b - a)));
    }
  });
});

function compare(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, i) => value !== b[i]);
  return place === -1 ? 0 : a[place]! < b[place]! ? -1 : 1;
}

function inner(filter: Filter): Filter[] {
  return [...(filter.and ?? []), ...(filter.or ?? []), ...(filter.not ? [filter.not] : [])];
}

function size(filter: Filter): number {
  return inner(filter).reduce((sum, part) => sum + size(part), 1);
}

function searches(filter: Filter): number {
  return inner(filter).reduce((sum, part) => sum + searches(part), filter.search === undefined ? 0 : 1);
}

function depth(filter: Filter): number {
  return 1 + Math.max(0, ...inner(filter).map(depth));
}
