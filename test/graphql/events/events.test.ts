import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatEventId } from '../../../src/domain/events/event-id.js';
import { EVENT_KINDS, isEventType } from '../../../src/domain/events/event-types.js';
import { pruneEvents } from '../../../src/services/events/prune-events.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { reportProgress } from '../../../src/services/runs/renew-lease.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import { neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { type LiveGraph, openLiveGraph } from '../../support/graphql/live-graph.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';
import { recordStatements } from '../../support/postgres/statements.js';

let database: TestDatabase;
let graph: LiveGraph;

beforeAll(async () => {
  database = await createTestDatabase();
  graph = await openLiveGraph(database.url);
});

afterAll(async () => {
  await graph.close();
  await database.drop();
});

const EVERYTHING = `
  fragment Everything on Event {
    __typename id cursor type at
    actor { __typename id displayName }
    ... on TaskEvent { task { id ref status } }
    ... on TaskUpdatedEvent { changedFields }
    ... on TaskStatusChangedEvent { from to reason run { id outcome } }
    ... on TaskAssignedEvent { assignee { name } previousAssignee { name } }
    ... on TaskCommentedEvent { comment { body author { displayName } } }
    ... on TaskDependencyFailedEvent { dependency { id } }
    ... on RunEvent { run { id number } message percent }
    ... on ReviewEvent { review { verdict feedback } round }
    ... on AgentEvent { agent { name } statusBefore: from statusAfter: to }
    ... on ApiKeyEvent { apiKey { name } }
    ... on SchedulerEvent { job message }
  }`;

const LIST = `${EVERYTHING}
  query ($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: EventFilter) {
    events(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { ...Everything } }
    }
  }`;

interface Listed {
  readonly __typename: string;
  readonly id: string;
  readonly cursor: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

async function list(variables: Record<string, unknown>): Promise<Listed[]> {
  await graph.settled();
  const { events } = await graph.get(LIST, variables);
  return events.edges.map(({ node }: { node: Listed }) => node);
}

describe('the events of a task', () => {
  it('have the type of their kind with its fields', async () => {
    const { services } = graph;
    const { admin } = services;
    const [agent, reviewer] = [
      await anAgent(services, { name: 'worker' }),
      await anAgent(services, { name: 'aegis' }),
    ];
    const { task, runId } = await aClaimedTask(services, agent, { title: 'A life' });
    const named = { task: { id: task.id } };
    const dependent = await aTask(services, { dependsOn: [{ id: task.id }], title: 'Depends on it' });
    await updateTask(services, admin, { ...named, title: 'A new title' });
    await reportProgress(services, admin, { runId, message: 'half way', percent: 50 });
    await addComment(services, admin, { ...named, body: 'How is it going?' });
    await completeTask(services, admin, { runId, resolution: 'done' });
    await claimNextReview(services, admin, { agent: { id: reviewer.id } }, neverAborted);
    await submitVerdict(services, admin, { ...named, verdict: 'REJECTED', feedback: 'not yet' });
    await cancelTask(services, admin, { ...named, reason: 'no longer needed' });

    const events = await list({ first: 100, filter: { task: { id: task.id } } });
    for (const { type, __typename } of events) {
      expect(isEventType(type) && EVENT_KINDS[type].graphqlType).toBe(__typename);
    }
    const said = (type: string) => events.find((event) => event.type === type);
    const now = { id: task.id, ref: `TASK-${task.number}`, status: 'CANCELLED' };
    expect(said('task.created')).toMatchObject({
      task: now,
      actor: { __typename: 'ApiKey', id: admin.keyId },
    });
    expect(said('task.assigned')).toMatchObject({ assignee: { name: 'worker' }, previousAssignee: null });
    expect(said('task.claimed')).toMatchObject({
      from: 'ASSIGNED',
      to: 'IN_PROGRESS',
      run: { id: runId, outcome: 'SUCCEEDED' },
      actor: { __typename: 'Agent', displayName: 'worker' },
    });
    expect(said('run.started')).toMatchObject({ run: { id: runId, number: 1 }, message: null });
    expect(said('task.updated')).toMatchObject({ changedFields: ['title'] });
    expect(said('run.progress')).toMatchObject({ message: 'half way', percent: 50, run: { id: runId } });
    expect(said('task.comment_added')).toMatchObject({ comment: { body: 'How is it going?' } });
    expect(said('task.completed')).toMatchObject({ from: 'IN_PROGRESS', to: 'REVIEW' });
    expect(said('review.requested')).toMatchObject({ review: null, round: 1 });
    expect(said('review.claimed')).toMatchObject({ review: null, round: 1 });
    expect(said('task.rejected')).toMatchObject({ from: 'REVIEW', to: 'REJECTED' });
    expect(said('review.submitted')).toMatchObject({
      review: { verdict: 'REJECTED', feedback: 'not yet' },
      round: 1,
    });
    expect(said('task.cancelled')).toMatchObject({ to: 'CANCELLED', reason: 'no longer needed' });
    const [failed] = await list({
      filter: { task: { id: dependent.id }, types: ['task.dependency_failed'] },
    });
    expect(failed).toMatchObject({
      dependency: { id: task.id },
      actor: { __typename: 'SystemActor', id: 'system' },
    });
    const [created] = await list({ filter: { agent: { name: 'worker' }, types: ['agent.created'] } });
    expect(created).toMatchObject({ __typename: 'AgentEvent', agent: { name: 'worker' } });
  });

  it('exist for keys and jobs of the scheduler as well', async () => {
    await graph.services.sql(
      `INSERT INTO event_outbox (type, payload) VALUES ('scheduler.paused', '{"job": "pruneEvents", "message": "Paused."}')`,
    );
    const [event] = await list({ last: 1, filter: { types: ['scheduler'] } });
    expect(event).toMatchObject({ __typename: 'SchedulerEvent', job: 'pruneEvents', message: 'Paused.' });
    const [key] = await list({ first: 1, filter: { types: ['key'] } });
    expect(key).toMatchObject({
      __typename: 'ApiKeyEvent',
      type: 'key.created',
      apiKey: { name: expect.any(String) },
    });
  });
});

describe('Query.events', () => {
  it('pages through the whole log in both directions', async () => {
    for (let i = 0; i < 7; i += 1) await aTask(graph.services);
    const all = await list({ first: 100 });
    const readPage = async (variables: object) => {
      const { events } = await graph.get(LIST, variables as Record<string, unknown>);
      expect(events.totalCount).toBe(all.length);
      for (const { cursor, node } of events.edges) expect(cursor).toBe(node.cursor);
      return { nodes: events.edges.map(({ node }: { node: Listed }) => node), ...events.pageInfo };
    };
    const forward: Listed[] = [];
    for (
      let page = await readPage({ first: 4 });
      ;
      page = await readPage({ first: 4, after: page.endCursor })
    ) {
      forward.push(...page.nodes);
      if (!page.hasNextPage) break;
    }
    const backward: Listed[] = [];
    for (
      let page = await readPage({ last: 4 });
      ;
      page = await readPage({ last: 4, before: page.startCursor })
    ) {
      backward.unshift(...page.nodes);
      if (!page.hasPreviousPage) break;
    }
    expect(forward).toEqual(all);
    expect(backward).toEqual(all);
  });

  it.each([
    [{ first: -1 }, 'BAD_USER_INPUT'],
    [{ first: 1_000_000_000 }, 'BAD_USER_INPUT'],
    [{ after: 'task_1' }, 'BAD_USER_INPUT'],
    [
      { before: Buffer.from('["comment","2026-01-01T00:00:00Z","cmt_1"]').toString('base64url') },
      'BAD_USER_INPUT',
    ],
    [{ filter: { types: ['nothing.here'] } }, 'BAD_USER_INPUT'],
    [{ filter: { types: Array.from({ length: 101 }, () => 'task') } }, 'BAD_USER_INPUT'],
    [{ filter: { types: ["task'; DROP TABLE events; --\u0000"] } }, 'BAD_USER_INPUT'],
  ])('refuses %j', async (variables, code) => {
    const { errors } = await graph.ask(LIST, variables);
    expect(errors?.[0]?.extensions.code).toBe(code);
  });

  it('needs as many statements for fifty events as for two', async () => {
    const { services } = graph;
    const agent = await anAgent(services);
    for (let i = 0; i < 25; i += 1) await aClaimedTask(services, agent);
    const few = await countStatements(() => list({ last: 2 }));
    const many = await countStatements(() => list({ last: 60 }));
    expect(many).toBeLessThanOrEqual(few + 6);
    expect(many).toBeLessThan(16);
  });
});

describe('Task.events', () => {
  const TASKS = `query ($first: Int!) {
    tasks(first: $first) { nodes { id events(last: 2) { totalCount nodes { type ... on TaskEvent { task { id } } } } } } }`;

  it('are the events of the task, with one number of statements for one task and for many', async () => {
    await graph.settled();
    const one = await countStatements(() => graph.get(TASKS, { first: 1 }));
    const many = await countStatements(() => graph.get(TASKS, { first: 20 }));
    expect(many).toBe(one);
    const { tasks } = await graph.get(TASKS, { first: 20 });
    for (const { id, events } of tasks.nodes) {
      expect(events.nodes).toHaveLength(2);
      expect(events.totalCount).toBeGreaterThanOrEqual(2);
      for (const event of events.nodes) expect(event.task.id).toBe(id);
    }
  });
});

describe('an event’s id', () => {
  const NODE = `${EVERYTHING} query ($id: ID!) { node(id: $id) { __typename id ...Everything } }`;

  it('finds it for keys that may see it', async () => {
    const { services } = graph;
    const [me, other] = [await anAgent(services), await anAgent(services)];
    const { task } = await aClaimedTask(services, other);
    const key = await aKeyOf(services, me);
    const [event] = await list({ last: 1, filter: { task: { id: task.id } } });
    const id = event?.id;
    expect((await graph.get(NODE, { id })).node).toEqual(event);
    expect((await graph.get(NODE, { id }, key)).node).toBeNull();
    const [keyEvent] = await list({ first: 1, filter: { types: ['key'] } });
    const viewer = { keyId: services.admin.keyId, role: 'VIEWER' as const, agentId: null };
    expect((await graph.get(NODE, { id: keyEvent?.id })).node).toEqual(keyEvent);
    expect((await graph.get(NODE, { id: keyEvent?.id }, viewer)).node).toBeNull();
  });

  it.each([formatEventId(2n ** 62n), `evt_7${'z'.repeat(25)}`, 'evt_1', 'evt_'])(
    'finds nothing by %s',
    async (id) => {
      expect((await graph.get(NODE, { id })).node).toBeNull();
    },
  );
});

describe('a task that fails for good', () => {
  it('has an event of its own type, with the reason', async () => {
    const { services } = graph;
    const { runId, task } = await aClaimedTask(services, await anAgent(services));
    await failTask(services, services.admin, { runId, error: 'no disk', retry: false });
    const told = await list({ filter: { types: ['task.failed'], task: { id: task.id } } });
    expect(told).toMatchObject([{ type: 'task.failed', from: 'IN_PROGRESS', reason: 'no disk' }]);
  });
});

describe('a pruned log', () => {
  it('refuses cursors before its first event with CURSOR_EXPIRED, in lists and in streams', async () => {
    const [first] = await list({ first: 1 });
    const after = first?.cursor;
    await graph.services.sql(`UPDATE events SET at = now() - interval '60 days'`);
    expect(await pruneEvents(graph.services)).toBeGreaterThan(100);
    const stream = graph.watch('subscription ($after: Cursor) { events(after: $after) { id } }', { after });
    await expect(stream).rejects.toMatchObject({ extensions: { code: 'CURSOR_EXPIRED' } });
    for (const variables of [{ after }, { last: 1, before: after }]) {
      const { errors } = await graph.ask(LIST, variables);
      expect(errors?.[0]?.extensions.code).toBe('CURSOR_EXPIRED');
    }
    await aTask(graph.services);
    expect((await list({ first: 5 })).map(({ type }) => type)).toEqual(['task.created']);
  });
});

async function countStatements(work: () => Promise<unknown>): Promise<number> {
  await graph.settled();
  return (await recordStatements(graph.services, work)).length;
}

describe('Query.eventTypes', () => {
  it('lists every type of event with its meaning and its GraphQL type', async () => {
    const { eventTypes } = await graph.get('{ eventTypes { id name description graphqlType } }');
    expect(eventTypes).toEqual(
      Object.entries(EVENT_KINDS).map(([name, { meaning, graphqlType }]) => ({
        id: name,
        name,
        description: meaning,
        graphqlType,
      })),
    );
  });
});
