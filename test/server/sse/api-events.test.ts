import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listPayloadFields, type PayloadFieldName } from '../../../src/domain/events/event-payload.js';
import type { EventType } from '../../../src/domain/events/event-types.js';
import { registerAgent } from '../../../src/services/agents/register-agent.js';
import { pruneEvents } from '../../../src/services/events/prune-events.js';
import { cancelPipelineRun } from '../../../src/services/pipelines/cancel-pipeline-run.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { aPipelineRun, step } from '../../support/factories/pipelines.js';
import { goodKey } from '../../support/servers/test-server.js';
import { readPlainEvents } from '../../support/wires/plain-events.js';
import { bearer, type EventServer, has, hasTask, openEventServer } from './event-server.js';

let live: EventServer;

beforeAll(async () => {
  live = await openEventServer();
});

afterAll(() => live.close());

describe('GET /api/events', () => {
  it('begins with the cursor to resume from, then sends each event with its cursor, type and a JSON object', async () => {
    const agent = await anAgent(live.graph.services, { name: 'scout' });
    await live.graph.settled();
    const reader = await live.read();
    expect(reader.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(reader.blocks).toEqual([{ retry: '2000', id: expect.any(String) }]);
    const { task, runId } = await aClaimedTask(live.graph.services, agent);
    await vi.waitFor(() => expect(reader.events().at(-1)?.type).toBe('run.started'), 60_000);

    const events = reader.events();
    expect(reader.blocks.slice(1).map(({ id, event }) => [id, event])).toEqual(
      events.map(({ cursor, type }) => [cursor, type]),
    );
    const types = ['task.created', 'task.assigned', 'task.claimed', 'run.started'];
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(types));
    expect(events.find(({ type }) => type === 'task.claimed')).toEqual({
      id: expect.stringMatching(/^evt_/),
      cursor: expect.any(String),
      type: 'task.claimed',
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      actor: { id: agent.id, displayName: 'scout' },
      task: { id: task.id, ref: `TASK-${task.number}` },
      agent: { id: agent.id, name: 'scout' },
      runId,
      reviewId: null,
      commentId: null,
      keyId: null,
      recurringTaskId: null,
      pipelineRunId: null,
      payload: { from: 'ASSIGNED', to: 'IN_PROGRESS' },
    });
  });

  it('sends the same events as GraphQL, with the same ids, cursors and order', async () => {
    await Promise.all(Array.from({ length: 20 }, () => aTask(live.graph.services)));
    await live.graph.settled();
    const { events } = await live.graph.get('{ events(last: 100) { nodes { id cursor type at } } }');
    const [first, ...rest] = events.nodes;
    const reader = await live.read(`?after=${first.cursor}`);
    await has(reader, rest.length);
    expect(reader.events().map(({ id, cursor, type, at }) => ({ id, cursor, type, at }))).toEqual(rest);
  });

  it('resumes without a gap or a repeat after any event, while more are appended', async () => {
    const first = await live.read('?types=task.created');
    const start = first.lastEventId();
    const made: string[] = [];
    let isOver = false;
    const make = async () => {
      while (!isOver) made.push((await aTask(live.graph.services)).id);
    };
    const making = make();
    const seen: (string | undefined)[] = [];
    let reader = first;
    // The header takes precedence over the URL, which still has the cursor of the first connection.
    for (let connections = 0; connections < 5; connections += 1) {
      await has(reader, 5);
      reader.close();
      await reader.ended;
      seen.push(...reader.events().map(({ task }) => task?.id));
      reader = await live.read(`?types=task.created&after=${start}`, {
        'last-event-id': reader.lastEventId() ?? '',
      });
    }
    isOver = true;
    await making;
    made.push((await aTask(live.graph.services)).id);
    await hasTask(reader, made.at(-1) ?? '');
    seen.push(...reader.events().map(({ task }) => task?.id));
    expect(seen).toEqual(made);
  });

  it('resumes from the first block if the connection broke before any event', async () => {
    const reader = await live.read('?types=task.created');
    reader.close();
    await reader.ended;
    const task = await aTask(live.graph.services);
    const resumed = await live.read('?types=task.created', { 'last-event-id': reader.lastEventId() ?? '' });
    await hasTask(resumed, task.id);
    expect(resumed.events()).toHaveLength(1);
  });

  it('filters by types, families, task and agent', async () => {
    const agent = await anAgent(live.graph.services);
    const before = (await live.read()).lastEventId();
    const { task } = await aClaimedTask(live.graph.services, agent);
    const other = await aTask(live.graph.services);
    const typesOf = async (query: string) => {
      const reader = await live.read(`?after=${before}&${query}`);
      const end = await aTask(live.graph.services, { assignee: { id: agent.id } });
      if (!query.includes('task=')) await hasTask(reader, end.id);
      else await has(reader, 1);
      const mine = reader.events().filter((event) => event.task?.id !== end.id);
      return mine.filter(({ task: about }) => [task.id, other.id].includes(about?.id ?? ''));
    };
    const created = await typesOf('types=task.created');
    expect(created.map(({ task: about }) => about?.id)).toEqual([task.id, other.id]);
    const both = await typesOf('types=run,task.created,task.claimed,task.assigned');
    expect(new Set(both.map(({ type }) => type))).toEqual(
      new Set(['task.created', 'task.assigned', 'task.claimed', 'run.started']),
    );
    for (const name of [`task=TASK-${task.number}`, `task=${task.id}`]) {
      const reader = await live.read(`?after=${before}&${name}&types=task`);
      await has(reader, 3);
      expect(new Set(reader.events().map(({ task: about }) => about?.id))).toEqual(new Set([task.id]));
    }
    for (const name of [`agent=${agent.name}`, `agent=${agent.id}`]) {
      const events = await typesOf(`${name}&types=task`);
      expect(events.map(({ task: about }) => about?.id)).not.toContain(other.id);
      expect(events.map(({ type }) => type)).toContain('task.claimed');
    }
  });

  it('filters by pipeline run', async () => {
    const { services } = live.graph;
    const { id, taskIds } = await aPipelineRun(services, [step('only')]);
    await live.graph.settled();
    const reader = await live.read(`?types=pipeline,task&pipelineRunId=${id}`);
    await cancelTask(services, services.admin, { task: { id: (await aTask(services)).id } });
    await cancelPipelineRun(services, services.admin, id);
    await has(reader, 2);
    const events = reader.events().map(({ type, task, pipelineRunId }) => [type, task?.id, pipelineRunId]);
    expect(events).toEqual([
      ['task.cancelled', taskIds.get('only'), null],
      ['pipeline.finished', undefined, id],
    ]);
  });

  it('looks up the names for an event once for all readers', async () => {
    const { services } = live.graph;
    await live.graph.settled();
    const readers = await Promise.all(Array.from({ length: 10 }, () => live.read('?types=task.created')));
    const asked = vi.spyOn(services.database.pool, 'query');
    const task = await aTask(services);
    for (const reader of readers) await hasTask(reader, task.id);
    const names = asked.mock.calls.map(([statement]) => Object(statement).name);
    asked.mockRestore();
    // At most twice: one reader may still read from the log itself.
    expect(names.filter((name) => name?.startsWith('list_event_names_')).length).toBeOneOf([1, 2]);
  });

  it('sends comments while there are no events', async () => {
    const lively = await live.start(20);
    const reader = await readPlainEvents(lively.url, { headers: bearer(goodKey) });
    await vi.waitFor(() => expect(reader.comments()).toBeGreaterThan(3), 20_000);
    expect(reader.blocks).toHaveLength(1);
    reader.close();
    await lively.stop();
  });
});

describe('a refused stream', () => {
  it('is a 401 if the key is missing or not valid', async () => {
    expect(await live.refusal('', {})).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    const answer = await live.refusal('', bearer('mc_unknown'));
    expect(answer).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect(answer.headers.get('content-type')).toContain('application/json');
  });

  it('is a 403 that names the types the key never sees', async () => {
    const answer = await live.refusal('?types=task,key', bearer(live.know(await live.aViewer())));
    expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(answer.message).toContain('key.created, key.revoked');
  });

  it.each([
    ['types=tusk', /"tusk" is not an event type\. Did you mean task\?.*Families: task, run.*task\.created/],
    ['types=', /"" is not an event type/],
    ['type=task', /parameter "type" does not exist\. .*: types, task, agent, .*, lastEventId, ticket\./],
    ['task=TASK-1&task=TASK-2', /"task" may be given only once/],
    ['task=TASK-999999', /no task TASK-999999/],
    ['task=%00', /no task/],
    ['agent=nobody', /no agent nobody/],
    ['agent=', /no agent ""/],
    ['pipelineRunId=pip_1', /no pipeline run pip_1/],
    ['pipelineRunId=', /no pipeline run ""/],
    ['after=nonsense', /not a cursor of the event log/],
    ['after=', /not a cursor of the event log/],
  ])('is a 400 with the reason for %s', async (query, message) => {
    const answer = await live.refusal(`?${query}`);
    expect(answer).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' });
    expect(answer.message).toMatch(message);
  });

  it('is a 405 for any method but GET', async () => {
    for (const method of ['HEAD', 'POST', 'DELETE']) {
      const answer = await fetch(`${live.server.url}/api/events`, { method, headers: bearer(goodKey) });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, OPTIONS']);
      await answer.text();
    }
  });

  it('has CORS headers for the pages of allowed origins', async () => {
    const origin = 'https://board.example';
    const preflight = await fetch(`${live.server.url}/api/events`, {
      method: 'OPTIONS',
      headers: { origin },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('last-event-id');
    const reader = await live.read('', { origin });
    expect(reader.headers['access-control-allow-origin']).toBe(origin);
  });
});

describe('what a key may see', () => {
  it('is all that the stream of an agent’s key contains, without names of other tasks', async () => {
    const [mine, others] = [await anAgent(live.graph.services), await anAgent(live.graph.services)];
    const secret = live.know(await aKeyOf(live.graph.services, mine));
    const reader = await live.read('', bearer(secret));
    const hidden = await aTask(live.graph.services, { assignee: { id: others.id } });
    const shown = await aTask(live.graph.services, { assignee: { id: mine.id } });
    const end = await aTask(live.graph.services, { assignee: { id: mine.id } });
    await hasTask(reader, end.id);
    const tasks = new Set(reader.events().map(({ task }) => task?.id));
    expect(tasks).toContain(shown.id);
    expect(tasks).not.toContain(hidden.id);
    expect(await live.refusal(`?task=${hidden.id}`, bearer(secret))).toMatchObject({ status: 400 });
  });

  it('omits a dependency that the key may not see, for this reader only', async () => {
    const [mine, others] = [await anAgent(live.graph.services), await anAgent(live.graph.services)];
    const dependency = await aTask(live.graph.services, { assignee: { id: others.id } });
    const dependent = await aTask(live.graph.services, { assignee: { id: mine.id } });
    const readers = [
      await live.read(
        '?types=task.dependency_failed',
        bearer(live.know(await aKeyOf(live.graph.services, mine))),
      ),
    ];
    readers.push(await live.read('?types=task.dependency_failed'));
    await live.graph.services.sql(
      "INSERT INTO event_outbox (type, task_id, agent_id, payload) VALUES ('task.dependency_failed', $1, $2, jsonb_build_object('dependencyId', $3::text, 'internal', 'never sent'))",
      [dependent.id, mine.id, dependency.id],
    );
    live.graph.services.database.bell.ring();
    for (const reader of readers) await has(reader, 1);
    expect(readers.map((reader) => reader.events()[0]?.payload)).toEqual([
      {},
      { dependencyId: dependency.id },
    ]);
    expect(readers[0]?.events()[0]?.task).toEqual({ id: dependent.id, ref: `TASK-${dependent.number}` });
  });
});

describe('the payload', () => {
  it('of every event has a description for each field', async () => {
    const { services } = live.graph;
    const agent = await anAgent(services, { name: 'witness' });
    for (const status of ['REVIEW', 'DONE', 'FAILED', 'CANCELLED'] as const)
      await aTaskIn(services, status, agent);
    await registerAgent(services, services.admin, { name: 'witness', maxCapacity: 7 });
    const dependency = await aTask(services);
    await aTask(services, { dependsOn: [{ id: dependency.id }] });
    await cancelTask(services, services.admin, { task: { id: dependency.id } });
    const stored = await services.sql<{ type: EventType; field: PayloadFieldName }>(
      'SELECT DISTINCT type, jsonb_object_keys(payload) AS field FROM events',
    );
    expect(new Set(stored.map(({ field }) => field)).size).toBeGreaterThan(6);
    const own = stored.filter(({ field }) => field !== ('internal' as string));
    expect(own.filter(({ type, field }) => !listPayloadFields(type).includes(field))).toEqual([]);
  });
});

describe('a cursor whose events were deleted', () => {
  it('is answered with 410 and advice', async () => {
    const cursor = (await live.read()).lastEventId();
    await aTask(live.graph.services);
    await aTask(live.graph.services);
    await live.graph.settled();
    await live.graph.services.sql("UPDATE events SET at = at - interval '60 days'");
    await pruneEvents(live.graph.services);
    const answer = await live.refusal(`?after=${cursor}`);
    expect(answer).toMatchObject({ status: 410, code: 'CURSOR_EXPIRED' });
    expect(answer.message).toContain('begin without a cursor');
  });
});
