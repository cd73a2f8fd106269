import { describe, expect, it } from 'vitest';
import { revokeApiKey } from '../../../src/services/keys/api-keys.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import { aClaimedTask, aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { type LiveGraph, openLiveGraph } from '../../support/graphql/live-graph.js';
import { useTwoLiveGraphs } from '../../support/graphql/use-two-live-graphs.js';

let here: LiveGraph;
let there: LiveGraph;

useTwoLiveGraphs((graphs) => {
  ({ here, there } = graphs);
});

const EVENTS = `subscription ($after: Cursor, $filter: EventFilter) {
  events(after: $after, filter: $filter) { cursor type ... on TaskEvent { task { id } } }
}`;

const viewerOf = (id: string) => ({ keyId: id, role: 'VIEWER' as const, agentId: null });

/** A stored key without an agent, with which a test can subscribe. */
async function aViewerKey(expiresAt = 'NULL') {
  made += 1;
  const id = `key_viewer_${made}`;
  await here.services.sql(
    `INSERT INTO api_keys (id, name, prefix, hash, role, expires_at) VALUES ($1, 'test', 'mc_', decode(md5($1), 'hex'), 'VIEWER', ${expiresAt})`,
    [id],
  );
  return viewerOf(id);
}
let made = 0;

describe('Subscription.events', () => {
  it('delivers the events of every process in order, with the current task', async () => {
    const agent = await anAgent(here.services);
    await here.settled();
    const watches = await Promise.all([here.watch(EVENTS), there.watch(EVENTS)]);
    const { task } = await aClaimedTask(there.services, agent);
    await aTask(here.services);
    for (const watch of watches) {
      await watch.has(6);
      const types = watch.items.map(({ type }) => type);
      expect(types.filter((type) => type.startsWith('task.') || type.startsWith('run.'))).toEqual([
        'task.created',
        'task.assigned',
        'task.claimed',
        'run.started',
        'task.created',
      ]);
      expect(watch.items[0].task).toEqual({ id: task.id });
      await watch.close();
    }
    expect(watches[0]?.items).toEqual(watches[1]?.items);
  });

  it('delivers with each comment the comment that it replies to', async () => {
    const { id } = await aTask(here.services);
    const say = (body: string, inReplyToId: string | null) =>
      addComment(here.services, here.services.admin, { task: { id }, body, inReplyToId });
    await here.settled();
    const watch = await here.watch(
      'subscription ($id: ID!) { events(filter: { task: { id: $id } }) { ... on TaskCommentedEvent { comment { body inReplyTo { body } } } } }',
      { id },
    );
    const first = await say('First', null);
    const second = await say('Second', first.id);
    await say('Third', second.id);
    await watch.has(3);
    expect(watch.items.map(({ comment }) => comment)).toEqual([
      { body: 'First', inReplyTo: null },
      { body: 'Second', inReplyTo: { body: 'First' } },
      { body: 'Third', inReplyTo: { body: 'Second' } },
    ]);
    await watch.close();
  });

  it('continues after the cursor of any event from a list or a stream', async () => {
    await here.settled();
    const first = await here.watch(EVENTS, { filter: { types: ['task.created'] } });
    const tasks = [await aTask(here.services), await aTask(here.services), await aTask(here.services)];
    await first.has(3);
    const second = await there.watch(EVENTS, {
      after: first.items[0].cursor,
      filter: { types: ['task.created'] },
    });
    await second.has(2);
    expect(second.items).toEqual(first.items.slice(1));
    const list = await here.get(
      `query ($after: Cursor) { events(first: 1, after: $after, filter: { types: ["task.created"] }) {
        pageInfo { endCursor hasNextPage } nodes { ... on TaskEvent { task { id } } } } }`,
      { after: first.items[0].cursor },
    );
    expect(list.events.nodes[0].task.id).toBe(tasks[1]?.id);
    expect(list.events.pageInfo).toEqual({ endCursor: first.items[1].cursor, hasNextPage: true });
    const third = await here.watch(EVENTS, {
      after: list.events.pageInfo.endCursor,
      filter: { types: ['task'] },
    });
    await third.has(1);
    expect(third.items[0].task.id).toBe(tasks[2]?.id);
    await Promise.all([first, second, third].map((watch) => watch.close()));
  });

  it('filters by family, by name, by task and by agent', async () => {
    const agent = await anAgent(here.services, { name: 'scout' });
    const mine = await aTask(here.services);
    await here.settled();
    const byFamily = await here.watch(EVENTS, { filter: { types: ['agent'] } });
    const byStatus = await here.watch(EVENTS, { filter: { types: ['task.status_changed'] } });
    const byTask = await here.watch(EVENTS, { filter: { task: { ref: `task-${mine.number}` } } });
    const byAgent = await here.watch(EVENTS, {
      filter: { agent: { name: 'scout' }, types: ['task.assigned'] },
    });
    await assignTask(here.services, here.services.admin, {
      task: { id: mine.id },
      assignee: { id: agent.id },
    });
    await anAgent(here.services);
    const { task: other } = await aClaimedTask(here.services, await anAgent(here.services));
    await Promise.all([byFamily.has(2), byStatus.has(2), byTask.has(1), byAgent.has(1)]);
    expect(byFamily.items.every(({ type }) => type.startsWith('agent.'))).toBe(true);
    expect(byStatus.items.map(({ type, task }) => [type, task.id])).toEqual([
      ['task.status_changed', mine.id],
      ['task.claimed', other.id],
    ]);
    expect(byTask.items.every(({ task }) => task.id === mine.id)).toBe(true);
    expect(byAgent.items).toEqual([
      expect.objectContaining({ type: 'task.assigned', task: { id: mine.id } }),
    ]);
    await Promise.all([byFamily, byStatus, byTask, byAgent].map((watch) => watch.close()));
  });

  it.each([
    [
      { filter: { types: ['tasks'] } },
      'BAD_USER_INPUT',
      /Did you mean task\?.*Families: task, run.*task\.created/,
    ],
    [{ filter: { types: ['task.create'] } }, 'BAD_USER_INPUT', /Did you mean task\.created\?/],
    [{ filter: { types: [''] } }, 'BAD_USER_INPUT', /is not an event type/],
    [{ filter: { task: { ref: 'TASK-999999' } } }, 'BAD_USER_INPUT', /no task TASK-999999/],
    [{ filter: { agent: { name: 'nobody' } } }, 'BAD_USER_INPUT', /no agent nobody/],
    [{ filter: { pipelineRunId: '' } }, 'BAD_USER_INPUT', /no pipeline run ""/],
    [{ after: 'nonsense' }, 'BAD_USER_INPUT', /not a cursor of the event log/],
    [
      { after: Buffer.from('["event","999999999999999999"]').toString('base64url') },
      'CURSOR_EXPIRED',
      /after the end/,
    ],
    [
      { after: Buffer.from('["event","999999999999999999","1"]').toString('base64url') },
      'CURSOR_EXPIRED',
      /not in the log/,
    ],
  ])('refuses %j with %s', async (variables, code, message) => {
    await expect(here.watch(EVENTS, variables)).rejects.toMatchObject({
      extensions: { code },
      message: expect.stringMatching(message),
    });
  });

  it('delivers to an agent key only events of tasks that it may see', async () => {
    const [me, other] = [await anAgent(here.services), await anAgent(here.services)];
    const key = await aKeyOf(here.services, me);
    await here.settled();
    const watch = await here.watch(EVENTS, {}, key);
    const everything = await here.watch(EVENTS);
    const { task: foreign } = await aClaimedTask(here.services, other);
    const { task: mine } = await aClaimedTask(here.services, me);
    await aKeyOf(here.services, other);
    const last = await aTask(here.services, { assignee: { id: me.id } });
    const seen = async (graph: typeof watch) => {
      await graph.has(1);
      while (graph.items.at(-1)?.task?.id !== last.id) await graph.has(graph.results.length + 1);
    };
    await Promise.all([seen(watch), seen(everything)]);
    expect(everything.items.some(({ task }) => task?.id === foreign.id)).toBe(true);
    const tasks = new Set(watch.items.flatMap(({ task }) => task?.id ?? []));
    expect(tasks).toEqual(new Set([mine.id, last.id]));
    const { events } = await here.get(
      '{ events(last: 100) { nodes { cursor type ... on TaskEvent { task { id } } } } }',
      {},
      key,
    );
    expect(events.nodes).toEqual(expect.arrayContaining(watch.items));
    expect(
      new Set(events.nodes.flatMap(({ task }: { task?: { id: string } }) => task?.id ?? [])),
    ).not.toContain(foreign.id);
    await Promise.all([watch.close(), everything.close()]);
  });

  it('delivers events of API keys only to admins', async () => {
    const viewer = await aViewerKey();
    await here.settled();
    const forAdmin = await here.watch(EVENTS);
    const forViewer = await here.watch(EVENTS, {}, viewer);
    const victim = await aViewerKey();
    await revokeApiKey(here.services, here.services.admin, victim.keyId);
    await aTask(here.services);
    await Promise.all([forAdmin.has(2), forViewer.has(1)]);
    expect(forAdmin.items.map(({ type }) => type)).toEqual(['key.revoked', 'task.created']);
    expect(forViewer.items.map(({ type }) => type)).toEqual(['task.created']);
    await Promise.all([forAdmin.close(), forViewer.close()]);
  });

  it('ends with UNAUTHENTICATED when the key is revoked, on every process and in every state', async () => {
    const viewer = await aViewerKey();
    const task = await aTask(here.services);
    await here.settled();
    const watches = await Promise.all([
      here.watch(EVENTS, {}, viewer),
      there.watch(EVENTS, {}, viewer),
      there.watch(
        `subscription ($ref: TaskRef!) { task(ref: $ref) { id } }`,
        { ref: { id: task.id } },
        viewer,
      ),
      there.watch('subscription { overview { agentsTotal } }', {}, viewer),
    ]);
    await revokeApiKey(here.services, here.services.admin, viewer.keyId);
    for (const watch of watches) {
      await watch.ended;
      expect(watch.results.at(-1)?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
      expect(watch.items.every((item) => item.type !== 'key.revoked')).toBe(true);
    }
  });

  it('ends with UNAUTHENTICATED when the key expires', async () => {
    const watch = await here.watch(EVENTS, {}, await aViewerKey(`now() + interval '100 milliseconds'`));
    await watch.ended;
    expect(watch.results).toEqual([
      { data: null, errors: [expect.objectContaining({ extensions: { code: 'UNAUTHENTICATED' } })] },
    ]);
  });

  it('ends without an error when its client completes or disconnects', async () => {
    await here.settled();
    const [closed, hungUp] = [await here.watch(EVENTS), await here.watch(EVENTS)];
    await closed.close();
    hungUp.hangUp();
    await Promise.all([closed.ended, hungUp.ended]);
    expect([...closed.results, ...hungUp.results]).toEqual([]);
  });

  it('completes when the feed stops, as the server has told its clients the reason before', async () => {
    const graph = await openLiveGraph(here.services.database.connectionString);
    await graph.settled();
    const watch = await graph.watch(EVENTS);
    await aTask(here.services);
    await watch.has(1);
    await graph.close();
    await watch.ended;
    expect(watch.results).toHaveLength(1);
    expect(watch.results[0]?.errors).toBeUndefined();
  });
});

describe('Subscription.task', () => {
  const TASK = 'subscription ($ref: TaskRef!) { task(ref: $ref) { title status version } }';

  it('delivers the task at once and after each change', async () => {
    const task = await aTask(here.services, { title: 'first' });
    await here.settled();
    const watch = await there.watch(TASK, { ref: { ref: `TASK-${task.number}` } });
    await watch.has(1);
    await aTask(here.services);
    await updateTask(here.services, here.services.admin, { task: { id: task.id }, title: 'second' });
    await watch.has(2);
    expect(watch.items).toEqual([
      { title: 'first', status: 'INBOX', version: 1 },
      { title: 'second', status: 'INBOX', version: 2 },
    ]);
    await watch.close();
  });

  it('ends when its key may no longer see the task', async () => {
    const [me, other] = [await anAgent(here.services), await anAgent(here.services)];
    const task = await aTask(here.services);
    await here.settled();
    const watch = await here.watch(TASK, { ref: { id: task.id } }, await aKeyOf(here.services, me));
    await watch.has(1);
    await assignTask(here.services, here.services.admin, {
      task: { id: task.id },
      assignee: { id: other.id },
    });
    await watch.ended;
    expect(watch.items).toHaveLength(1);
    await expect(
      here.watch(TASK, { ref: { id: task.id } }, await aKeyOf(here.services, me)),
    ).rejects.toMatchObject({
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});
