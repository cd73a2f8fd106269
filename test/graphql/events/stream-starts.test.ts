import { describe, expect, it } from 'vitest';
import { watchFilter } from '../../../src/graphql/events/watch-filter.js';
import { pauseAgent, resumeAgent } from '../../../src/services/agents/pause-agent.js';
import { MAX_WATCHES_PER_KEY } from '../../../src/services/quotas.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import { setLastSeen } from '../../support/factories/aging.js';
import { aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import type { LiveGraph } from '../../support/graphql/live-graph.js';
import { useTwoLiveGraphs } from '../../support/graphql/use-two-live-graphs.js';

let here: LiveGraph;
let there: LiveGraph;

useTwoLiveGraphs((graphs) => {
  ({ here, there } = graphs);
});

const EVENTS = `subscription ($after: Cursor) {
  events(after: $after, startCursor: true, filter: { types: ["task.created"] }) {
    __typename id cursor type at actor { displayName } ... on TaskEvent { task { id } }
  }
}`;

describe('Subscription.events with startCursor', () => {
  it('begins with the cursor from which a client resumes that has received no event', async () => {
    await aTask(here.services);
    await here.settled();
    const first = await here.watch(EVENTS);
    await first.has(1);
    const [start] = first.items;
    expect(start).toEqual({
      __typename: 'StreamStartedEvent',
      id: `stream_${start.cursor}`,
      cursor: expect.any(String),
      type: 'stream.started',
      at: expect.any(String),
      actor: { displayName: 'System' },
    });

    const { id } = await aTask(here.services);
    // Now the process has read it, and knows how far behind the cursor is.
    await first.has(2);
    await first.close();
    const resumed = await here.watch(
      `subscription ($after: Cursor) { events(after: $after, startCursor: true) {
      cursor ... on TaskEvent { task { id } } ... on StreamStartedEvent { behind } } }`,
      { after: start.cursor },
    );
    await resumed.has(2);
    expect(resumed.items[0].behind).toBe(1);
    expect(resumed.items.map(({ cursor, task }) => task?.id ?? cursor)).toEqual([start.cursor, id]);
    await resumed.close();
  });
});

describe('events by time', () => {
  const LIST = `query ($after: Cursor, $filter: EventFilter) {
    events(after: $after, filter: $filter) { totalCount nodes { at type } }
  }`;

  it('are those of a period, and the cursor of an instant goes on from there', async () => {
    const task = await aTask(here.services);
    await here.settled();
    const ref = { task: { id: task.id } };
    const [created] = (await here.get(LIST, { filter: ref })).events.nodes;
    const instant = (ms: number) => new Date(Date.parse(created.at) + ms).toISOString();
    const between = async (gte: number, lt: number) => {
      const at = { gte: instant(gte), lt: instant(lt) };
      return (await here.get(LIST, { filter: { ...ref, at } })).events.nodes.length;
    };
    expect(await between(0, 1)).toBe(1);
    expect(await between(-5_000, 0)).toBe(0);
    expect(await between(1, 5_000)).toBe(0);
    const since = async (ms: number) => {
      const asked = 'query ($at: DateTime!) { eventCursor(at: $at) }';
      const { eventCursor } = await here.get(asked, { at: instant(ms) });
      return (await here.get(LIST, { after: eventCursor, filter: ref })).events.nodes.length;
    };
    expect(await since(0)).toBe(1);
    expect(await since(1)).toBe(0);
    expect(await since(-86_400_000)).toBe(1);
  });

  it('leave out what a subscription resumes before the period', async () => {
    const { eventCursor } = await here.get('{ eventCursor(at: "2020-01-01T00:00:00Z") }');
    const last = await aTask(here.services);
    await here.settled();
    const { nodes } = (await here.get(LIST, { filter: { task: { id: last.id } } })).events;
    const filter = { types: ['task.created'], at: { gte: nodes[0].at } };
    const watch = await here.watch(
      `subscription ($after: Cursor, $filter: EventFilter) { events(after: $after, filter: $filter) { at } }`,
      { after: eventCursor, filter },
    );
    await watch.has(1);
    expect(watch.items[0].at).toBe(nodes[0].at);
    await watch.close();
  });
});

describe('Subscription.tasks', () => {
  const TASKS = `subscription ($filter: TaskFilter) {
    tasks(filter: $filter) { change taskId previousStatus task { id status title } }
  }`;

  it('is refused to a key that has too many of them open, until one has ended', async () => {
    const watches = await Promise.all(
      Array.from({ length: MAX_WATCHES_PER_KEY }, () => here.watch(TASKS, { filter: { tags: ['none'] } })),
    );
    await expect(here.watch(TASKS)).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
    watches.pop()?.hangUp();
    watches.push(await here.watch(TASKS, { filter: { tags: ['none'] } }));
    for (const watch of watches) watch.hangUp();
  });

  it('is not counted if its client had left before it began', async () => {
    const gone = { viewer: here.services.admin, requestId: 'req_gone', signal: AbortSignal.abort() };
    for (let i = 0; i < MAX_WATCHES_PER_KEY; i += 1)
      await watchFilter(here.createContext(gone, 'subscription'), {});
    (await here.watch(TASKS)).hangUp();
  });

  it('delivers what enters the filter, changes in it and leaves it, of every process', async () => {
    const agent = await anAgent(here.services);
    const known = await aTask(there.services, { tags: ['watched'] });
    await aTask(there.services);
    // An event that is numbered after the stream has begun is delivered, also if the list at the start knew its change.
    await there.settled();
    const filter = { tags: ['watched'], status: ['INBOX', 'ASSIGNED'] };
    const watch = await here.watch(TASKS, { filter });
    await watch.has(1);
    expect(watch.items).toEqual([{ change: null, taskId: null, previousStatus: null, task: null }]);
    const { services } = there;
    await updateTask(services, services.admin, { task: { id: known.id }, title: 'Renamed' });
    await watch.has(2);
    await assignTask(services, services.admin, { task: { id: known.id }, assignee: { id: agent.id } });
    await watch.has(3);
    await updateTask(services, services.admin, { task: { id: known.id }, tags: [] });
    await watch.has(4);
    const entered = await aTask(services, { tags: ['watched', 'new'] });
    await watch.has(5);
    const of = (change: string, previousStatus: string | null, status: string, id = known.id) => ({
      ...{ change, taskId: id, previousStatus },
      task: { id, status, title: id === known.id ? 'Renamed' : entered.title },
    });
    expect(watch.items.slice(1)).toEqual([
      of('CHANGED', 'INBOX', 'INBOX'),
      of('CHANGED', 'INBOX', 'ASSIGNED'),
      of('LEFT', 'ASSIGNED', 'ASSIGNED'),
      of('ENTERED', null, 'INBOX', entered.id),
    ]);
    await watch.close();
  });

  it('tells an agent that a task leaves that it may no longer see, and nothing of others', async () => {
    const { services } = here;
    const [own, other] = [await anAgent(services), await anAgent(services)];
    const task = await aTask(services, { assignee: { id: own.id }, tags: ['private'] });
    await here.settled();
    const watch = await here.watch(TASKS, { filter: { tags: ['private'] } }, await aKeyOf(services, own));
    await watch.has(1);
    await assignTask(services, services.admin, { task: { id: task.id }, assignee: { id: other.id } });
    await watch.has(2);
    expect(watch.items[1]).toEqual({
      change: 'LEFT',
      taskId: task.id,
      previousStatus: 'ASSIGNED',
      task: null,
    });
    await watch.close();
  });

  it('delivers a task that becomes overdue, starts or loses its agent without an event of its own', async () => {
    const { services } = there;
    const agent = await anAgent(services);
    await setLastSeen(services, agent.id, 0);
    const tomorrow = new Date(Date.now() + 86_400_000);
    const late = await aTask(services, { tags: ['timed'], dueAt: tomorrow });
    const starting = await aTask(services, { tags: ['timed'], startsAt: tomorrow });
    const assigned = await aTask(services, { tags: ['timed'], assignee: { id: agent.id } });
    await there.settled();
    const watching = (filter: object) => here.watch(TASKS, { filter: { tags: ['timed'], ...filter } });
    const overdue = await watching({ or: [{ overdue: true }] });
    const later = await watching({ waitingOn: ['STARTS_LATER'] });
    const offline = await watching({ waitingOn: ['ASSIGNEE_OFFLINE'] });
    await Promise.all([overdue, later, offline].map((watch) => watch.has(1)));
    // Without events: the times come close while the streams are open.
    await services.sql("UPDATE tasks SET due_at = now() + interval '300 ms' WHERE id = $1", [late.id]);
    await services.sql(
      "UPDATE tasks SET starts_at = now() + interval '300 ms', not_before = now() + interval '300 ms' WHERE id = $1",
      [starting.id],
    );
    await setLastSeen(services, agent.id, services.settings.agentTimeoutMs - 300);
    await aTask(services);
    const change = (kind: string, { id, title }: typeof late, status: string) => ({
      ...{ change: kind, taskId: id, previousStatus: kind === 'LEFT' ? status : null },
      task: { id, status, title },
    });
    await overdue.has(2);
    expect(overdue.items.slice(1)).toEqual([change('ENTERED', late, 'INBOX')]);
    await later.has(2);
    expect(later.items.slice(1)).toEqual([change('LEFT', starting, 'INBOX')]);
    await offline.has(2);
    expect(offline.items.slice(1)).toEqual([change('ENTERED', assigned, 'ASSIGNED')]);
    for (const watch of [overdue, later, offline]) await watch.close();
  });

  it('delivers a task that begins to wait for its agent when the agent is paused', async () => {
    const { services } = there;
    const agent = await anAgent(services);
    const { id } = await aTask(services, { assignee: { id: agent.id } });
    await there.settled();
    const filter = { assignee: [{ id: agent.id }], waitingOn: ['ASSIGNEE_PAUSED'] };
    const watch = await here.watch(TASKS, { filter });
    await watch.has(1);
    await pauseAgent(services, services.admin, { id: agent.id });
    await watch.has(2);
    expect(watch.items[1]).toMatchObject({ change: 'ENTERED', taskId: id });
    await resumeAgent(services, services.admin, { id: agent.id });
    await watch.has(3);
    expect(watch.items[2]).toMatchObject({ change: 'LEFT', taskId: id });
    await watch.close();
  });

  it('refuses a filter that is not valid, or that too many tasks match', async () => {
    const { services } = here;
    await services.sql(
      "INSERT INTO tasks (id, title, status, tags) SELECT 'task_' || lpad('w' || i, 26, '0'), 'Many', 'INBOX', '{many}' FROM generate_series(1, 10001) i",
    );
    const refused = { extensions: { code: 'BAD_USER_INPUT' } };
    await expect(here.watch(TASKS, { filter: { tags: ['many'] } })).rejects.toMatchObject(refused);
    await expect(here.watch(TASKS, { filter: { search: 'x'.repeat(300) } })).rejects.toMatchObject(refused);
  });
});
