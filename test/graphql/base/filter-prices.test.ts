import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aTask } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
  await aTask(graph.services, { title: 'The one' });
});

afterAll(() => graph.close());

const aliases = (count: number, field: string) =>
  Array.from({ length: count }, (_, i) => `a${i}: ${field}`).join(' ');
const searches = (count: number) => ({
  or: Array.from({ length: count }, (_, i) => ({ search: `absent ${i}` })),
});

async function codeOf(query: string, variables: Record<string, unknown> = {}) {
  const { errors } = await graph.ask(query, variables);
  return errors?.[0]?.extensions.code;
}

const COUNT = 'query ($filter: TaskFilter) { tasks(first: 1, filter: $filter) { totalCount } }';

describe('a query with searches', () => {
  it('is refused before it runs if they are many', async () => {
    expect(await graph.recordStatements(() => codeOf(COUNT, { filter: searches(45) }))).toEqual([]);
    expect(await codeOf(COUNT, { filter: searches(45) })).toBe('QUERY_TOO_COMPLEX');
    expect(await codeOf(COUNT, { filter: { not: { and: [searches(20)] } } })).toBe('QUERY_TOO_COMPLEX');
    const document = `{ ${aliases(12, 'tasks(filter: { search: "x" }) { totalCount }')} }`;
    expect(await codeOf(document)).toBe('QUERY_TOO_COMPLEX');
  });

  it('says what to ask for less of', async () => {
    const { errors } = await graph.ask(COUNT, { filter: searches(45) });
    expect(errors?.[0]?.message).toContain('fewer searches');
  });

  it('is answered if they are few: a search box, and a board with a search in each column', async () => {
    expect(await codeOf(COUNT, { filter: searches(8) })).toBeUndefined();
    const card =
      'nodes { id ref title status priority tags createdAt updatedAt dueAt version assignee { id } }';
    const column = `tasks(first: 50, filter: { status: [INBOX], search: "one" }) { totalCount ${card} }`;
    expect(await codeOf(`{ ${aliases(7, column)} }`)).toBeUndefined();
  });

  it('is refused for counts by tag and by model as for searches', async () => {
    expect(await codeOf(`{ ${aliases(12, 'taskCounts(by: TAG) { count }')} }`)).toBe('QUERY_TOO_COMPLEX');
    expect(await codeOf(`{ ${aliases(12, 'taskCounts(by: STATUS) { count }')} }`)).toBeUndefined();
  });

  it('is refused for reasons to wait as for searches', async () => {
    const filter = { or: Array.from({ length: 12 }, () => ({ waitingOn: ['NO_CAPABLE_AGENT'] })) };
    expect(await codeOf(COUNT, { filter })).toBe('QUERY_TOO_COMPLEX');
  });

  it('counts a search for the tasks of each of several agents as a part of one', async () => {
    const ofAgents = (first: number) =>
      `{ agents(first: ${first}) { nodes { tasks(first: 5, filter: { search: "x" }) { nodes { id } } } } }`;
    expect(await codeOf(ofAgents(50))).toBeUndefined();
    expect(await codeOf(ofAgents(100))).toBe('QUERY_TOO_COMPLEX');
  });
});

describe('a board without searches', () => {
  it('is answered twice in one document', async () => {
    const card =
      'nodes { id ref title status priority tags createdAt updatedAt dueAt version assignee { id } }';
    const column =
      'tasks(first: 50, filter: { status: [INBOX], priority: [HIGH, LOW], tags: ["a", "b"], not: { overdue: true } })';
    expect(await codeOf(`{ ${aliases(14, `${column} { totalCount ${card} }`)} }`)).toBeUndefined();
  });
});

describe('a mutation of the tasks that match a filter', () => {
  it('is refused for many searches', async () => {
    const mutation =
      'mutation ($filter: TaskFilter!) { cancelTasks(input: { filter: $filter, dryRun: true }) { count } }';
    expect(await codeOf(mutation, { filter: searches(45) })).toBe('QUERY_TOO_COMPLEX');
    expect(await graph.get(mutation, { filter: { search: 'The one' } })).toEqual({
      cancelTasks: { count: 1 },
    });
  });
});

describe('a throughput', () => {
  it('is refused in many aliases, each of which counts all tasks of its period', async () => {
    const document = `{ overview { ${aliases(45, 'throughput(buckets: 1) { created }')} } }`;
    expect(await codeOf(document)).toBe('QUERY_TOO_COMPLEX');
  });
});
