import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnRecurringTasks } from '../../../src/services/recurring/spawn-recurring-tasks.js';
import { aKeyOf, anAgent } from '../../support/factories/factory.js';
import { aRecurringTask, minutesAgo, wasDueAt } from '../../support/factories/recurring.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';
import { untilLogIsReadable } from '../../support/postgres/readable-log.js';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph();
});
afterAll(() => graph.close());

const CREATE = `mutation ($input: CreateRecurringTaskInput!) {
  createRecurringTask(input: $input) {
    recurringTask { id name schedule cron scheduleText timeZone catchUp overlap paused nextRuns(count: 2) fireCount lastFiredAt version
      template { title description priority assignee { name } tags dueIn metadata reviewPolicy } }
    errors { code message path }
  }
}`;

async function create(input: object) {
  const { createRecurringTask } = await graph.get(CREATE, {
    input: { template: { title: 'Report' }, ...input },
  });
  return createRecurringTask;
}

describe('recurring tasks in the graph', () => {
  it('are found by name wherever an id is expected, and by id if a name equals an id', async () => {
    const { id } = await aRecurringTask(graph.services, { name: 'by name' });
    const { id: other } = await aRecurringTask(graph.services, { name: id });
    const read = 'query ($id: ID!) { recurringTask(id: $id) { id } }';
    expect((await graph.get(read, { id: 'by name' })).recurringTask).toEqual({ id });
    expect((await graph.get(read, { id })).recurringTask).toEqual({ id });
    expect((await graph.get(read, { id: other })).recurringTask).toEqual({ id: other });
    expect((await graph.get(read, { id: 'no such name' })).recurringTask).toBeNull();

    await graph.get('mutation { fireRecurringTask(id: "by name") { errors { message } } }');
    const list =
      'query ($id: ID!) { tasks(filter: {recurringTaskId: $id}) { nodes { recurringTask { id } } } }';
    expect((await graph.get(list, { id: 'by name' })).tasks.nodes).toEqual([{ recurringTask: { id } }]);
    expect((await graph.get(list, { id })).tasks.nodes).toEqual([{ recurringTask: { id } }]);
    expect((await graph.get(list, { id: other })).tasks.nodes).toEqual([]);

    const change = (verb: string) =>
      graph.get(
        `mutation { ${verb}RecurringTask(id: "by name") { recurringTask { id } errors { message } } }`,
      );
    for (const verb of ['pause', 'resume', 'fire'])
      expect(await change(verb)).toEqual({
        [`${verb}RecurringTask`]: { recurringTask: { id }, errors: [] },
      });
    const { updateRecurringTask } = await graph.get(
      'mutation { updateRecurringTask(input: {id: "by name", overlap: SKIP}) { recurringTask { id overlap } } }',
    );
    expect(updateRecurringTask.recurringTask).toEqual({ id, overlap: 'SKIP' });
    const { removeRecurringTask } = await graph.get(
      'mutation { removeRecurringTask(id: "by name") { deletedId errors { message } } }',
    );
    expect(removeRecurringTask).toEqual({ deletedId: id, errors: [] });
  });

  it('are created with their template, and have their due times', async () => {
    const agent = await anAgent(graph.services, { name: 'iris' });
    const { recurringTask, errors } = await create({
      name: 'standup',
      schedule: 'every weekday at 9am',
      timeZone: 'Europe/Berlin',
      template: {
        title: 'Report',
        assignee: { name: agent.name },
        tags: ['daily'],
        dueIn: 'PT4H',
        metadata: { a: 1 },
      },
      catchUp: 'LATEST',
      overlap: 'SKIP',
    });
    expect(errors).toEqual([]);
    expect(recurringTask).toMatchObject({
      name: 'standup',
      schedule: 'every weekday at 9am',
      cron: '0 9 * * 1-5',
      scheduleText: 'At 09:00, Monday through Friday',
      timeZone: 'Europe/Berlin',
      catchUp: 'LATEST',
      overlap: 'SKIP',
      paused: false,
      fireCount: 0,
      lastFiredAt: null,
      version: 1,
      template: {
        title: 'Report',
        description: null,
        priority: 'MEDIUM',
        assignee: { name: 'iris' },
        tags: ['daily'],
        dueIn: 'PT4H',
        metadata: { a: 1 },
        reviewPolicy: 'REQUIRED',
      },
    });
    expect(recurringTask.nextRuns).toHaveLength(2);
    const { recurringTask: read, node } = await graph.get(
      `query ($id: ID!) { recurringTask(id: $id) { name } node(id: $id) { __typename id } }`,
      { id: recurringTask.id },
    );
    expect(read).toEqual({ name: 'standup' });
    expect(node).toEqual({ __typename: 'RecurringTask', id: recurringTask.id });
  });

  it('are not found by a text that PostgreSQL can’t hold', async () => {
    const { recurringTask } = await graph.get('query ($id: ID!) { recurringTask(id: $id) { id } }', {
      id: 'rec_\u0000',
    });
    expect(recurringTask).toBeNull();
  });

  it('are refused as data with examples; an unknown time zone is an error of the request', async () => {
    const { recurringTask, errors } = await create({ name: 'bad', schedule: 'every 7 minutes' });
    expect(recurringTask).toBeNull();
    expect(errors).toEqual([
      {
        code: 'BAD_SCHEDULE',
        path: ['schedule'],
        message: expect.stringContaining('every 6 minutes; every 10 minutes'),
      },
    ]);
    const wrong = await graph.ask(CREATE, {
      input: { name: 'x', schedule: 'daily', timeZone: 'Europe/Berln', template: { title: 'x' } },
    });
    expect(wrong.errors?.[0]?.message).toContain('Did you mean Europe/Berlin?');
  });

  it('have their tasks and firings, and are reached from a task', async () => {
    const due = await minutesAgo(graph.services, 5);
    const { id } = await aRecurringTask(graph.services, {
      schedule: `${due.getUTCMinutes()} * * * *`,
      overlap: 'SKIP',
    });
    await wasDueAt(graph.services, id, due);
    await spawnRecurringTasks(graph.services);
    const { fireRecurringTask } = await graph.get(
      `mutation ($id: ID!) { fireRecurringTask(id: $id) { recurringTask { fireCount } task { id recurringTask { id } } errors { code } } }`,
      { id },
    );
    expect(fireRecurringTask).toMatchObject({
      recurringTask: { fireCount: 2 },
      task: { recurringTask: { id } },
      errors: [],
    });
    await untilLogIsReadable(graph.services.database.pool);
    const { recurringTask, tasks, events } = await graph.get(
      `query ($id: ID!) {
        recurringTask(id: $id) {
          lastFiredAt lastSkipReason
          tasks(first: 1) { totalCount nodes { title } pageInfo { hasNextPage } }
          history { totalCount nodes { dueAt byHand skippedReason task { recurringTask { id } } } }
        }
        tasks(filter: { recurringTaskId: $id }) { totalCount }
        events(filter: { types: ["recurring"] }, last: 2) { nodes { type ... on RecurringTaskEvent { recurringTask { id } task { ref } reason changedFields } } }
      }`,
      { id },
    );
    expect(recurringTask.tasks).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
    expect(recurringTask.history.nodes).toEqual([
      { dueAt: expect.any(String), byHand: true, skippedReason: null, task: { recurringTask: { id } } },
      { dueAt: due.toISOString(), byHand: false, skippedReason: null, task: { recurringTask: { id } } },
    ]);
    expect(tasks.totalCount).toBe(2);
    expect(events.nodes).toEqual([
      {
        type: 'recurring.fired',
        recurringTask: { id },
        task: { ref: expect.any(String) },
        reason: null,
        changedFields: [],
      },
      {
        type: 'recurring.fired',
        recurringTask: { id },
        task: { ref: expect.any(String) },
        reason: null,
        changedFields: [],
      },
    ]);
  });

  it('are edited, paused, resumed and removed', async () => {
    const { id } = await aRecurringTask(graph.services);
    const change = (mutation: string) => graph.get(`mutation ($id: ID!) { ${mutation} }`, { id });
    const { updateRecurringTask } = await change(
      `updateRecurringTask(input: { id: $id, schedule: "daily at 14:30", expectedVersion: 1 }) { recurringTask { cron version } errors { code } }`,
    );
    expect(updateRecurringTask).toEqual({ recurringTask: { cron: '30 14 * * *', version: 2 }, errors: [] });
    const { updateRecurringTask: stale } = await change(
      `updateRecurringTask(input: { id: $id, name: "x", expectedVersion: 1 }) { recurringTask { id } errors { code ... on VersionConflictError { expected actual } } }`,
    );
    expect(stale).toEqual({
      recurringTask: null,
      errors: [{ code: 'VERSION_CONFLICT', expected: 1, actual: 2 }],
    });
    expect(
      await change('pauseRecurringTask(id: $id) { recurringTask { paused nextRuns } errors { code } }'),
    ).toEqual({
      pauseRecurringTask: { recurringTask: { paused: true, nextRuns: [] }, errors: [] },
    });
    const { resumeRecurringTask } = await change(
      'resumeRecurringTask(id: $id) { recurringTask { paused nextRuns } }',
    );
    expect(resumeRecurringTask.recurringTask).toEqual({
      paused: false,
      nextRuns: [expect.any(String), expect.any(String), expect.any(String)],
    });
    expect(await change('removeRecurringTask(id: $id) { deletedId errors { code } }')).toEqual({
      removeRecurringTask: { deletedId: id, errors: [] },
    });
    expect(await change('removeRecurringTask(id: $id) { deletedId errors { code path } }')).toEqual({
      removeRecurringTask: { deletedId: null, errors: [{ code: 'NOT_FOUND', path: ['id'] }] },
    });
    await untilLogIsReadable(graph.services.database.pool);
    const { events } = await graph.get(
      '{ events(filter: { types: ["recurring.removed"] }) { nodes { ... on RecurringTaskEvent { message recurringTask { id } } } } }',
    );
    expect(events.nodes.at(-1)).toEqual({
      message: expect.stringContaining('was removed'),
      recurringTask: null,
    });
  });

  it('are listed by name in pages', async () => {
    const { recurringTasks } = await graph.get(
      '{ recurringTasks(first: 1) { totalCount nodes { name } pageInfo { endCursor hasNextPage } } }',
    );
    expect(recurringTasks.pageInfo.hasNextPage).toBe(true);
    const { recurringTasks: rest } = await graph.get(
      'query ($after: Cursor) { recurringTasks(after: $after) { nodes { name } } }',
      { after: recurringTasks.pageInfo.endCursor },
    );
    const names = [...recurringTasks.nodes, ...rest.nodes].map(({ name }: { name: string }) => name);
    expect(names).toHaveLength(recurringTasks.totalCount);
    expect(names).toEqual([...names].sort());
  });

  it('can be changed by operators and read by viewers; agents see the tasks and not the recurring task', async () => {
    const agent = await anAgent(graph.services);
    const key = await aKeyOf(graph.services, agent);
    const { id } = await aRecurringTask(graph.services, { template: { assignee: { id: agent.id } } });
    const { fireRecurringTask } = await graph.get(
      'mutation ($id: ID!) { fireRecurringTask(id: $id) { task { id } } }',
      { id },
    );
    for (const query of [
      '{ recurringTasks { totalCount } }',
      `{ recurringTask(id: "${id}") { id } }`,
      `mutation { fireRecurringTask(id: "${id}") { errors { code } } }`,
      `mutation { removeRecurringTask(id: "${id}") { errors { code } } }`,
    ]) {
      const { errors } = await graph.ask(query, {}, key);
      expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    await untilLogIsReadable(graph.services.database.pool);
    const seen = await graph.get(
      `query ($id: ID!, $task: ID!) {
        node(id: $id) { id }
        task(ref: { id: $task }) { title recurringTask { id } }
        events(filter: { types: ["recurring"] }, last: 2) { nodes { type ... on RecurringTaskEvent { task { id } recurringTask { id } } } }
      }`,
      { id, task: fireRecurringTask.task.id },
      key,
    );
    expect(seen).toEqual({
      node: null,
      task: { title: expect.any(String), recurringTask: null },
      events: {
        nodes: [
          { type: 'recurring.created', task: null, recurringTask: null },
          { type: 'recurring.fired', task: { id: fireRecurringTask.task.id }, recurringTask: null },
        ],
      },
    });
  });

  it('cost a number of statements that does not depend on their count', async () => {
    const query = `{ recurringTasks(first: 20) { nodes { name nextRuns template { assignee { name } } tasks(first: 2) { totalCount nodes { ref assignee { name } } } history(first: 2) { nodes { task { ref } } } } } }`;
    const few = await graph.recordStatements(() => graph.get(query));
    for (let index = 0; index < 5; index += 1) await aRecurringTask(graph.services);
    expect(await graph.recordStatements(() => graph.get(query))).toHaveLength(few.length);
  });
});
