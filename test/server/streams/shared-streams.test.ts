import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { formatLogCursor } from '../../../src/domain/events/log-cursor.js';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { aClaimedTask, aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { recordStatements } from '../../support/postgres/statements.js';
import { type Asked, openSharedServer, type SharedServer, type Stream } from './shared-server.js';

let shared: SharedServer;

beforeAll(async () => {
  shared = await openSharedServer();
});

afterAll(() => shared.close());

/** The end of the log at the beginning of the test. Streams that start there miss nothing of the test. */
let begin: string;

beforeEach(async () => {
  await shared.graph.settled();
  begin = formatLogCursor((await shared.graph.feed.readBounds()).end);
  shared.takeExecutions();
});

const EVENTS = `subscription Events($after: Cursor, $filter: EventFilter) {
  events(after: $after, filter: $filter) { cursor type at actor { id displayName } ... on TaskEvent { task { id title ref } } }
}`;
const created = { filter: { types: ['task.created'] } };

async function watch(secret: string, asked: Asked, transport: 'WebSocket' | 'Sse' = 'WebSocket') {
  const variables = { after: begin, ...asked.variables };
  const stream = await shared[`over${transport}`](secret, { ...asked, variables });
  onTestFinished(() => stream.close());
  return stream;
}

const aViewer = async () => (await shared.aKey('VIEWER')).secret;
const times = <T>(count: number, make: () => Promise<T>) => Promise.all(Array.from({ length: count }, make));

async function allHave(streams: readonly Stream[], count: number): Promise<void> {
  await Promise.all(streams.map((stream) => stream.has(count)));
}

/** Each stream reads the events before its start from the log by itself. */
async function allLive(streams: readonly Stream[]): Promise<void> {
  await aTask(shared.graph.services);
  await allHave(streams, 1);
  shared.takeExecutions();
}

describe('subscribers of one operation', () => {
  it('share one execution and one text per event, over WebSockets and as server-sent events', async () => {
    const keys = [await aViewer(), await aViewer()] as const;
    const asked = { query: EVENTS, variables: created };
    const streams = [
      ...(await times(6, () => watch(keys[0], asked))),
      ...(await times(6, () => watch(keys[1], asked))),
      ...(await times(4, () => watch(keys[1], asked, 'Sse'))),
    ];
    await allLive(streams);
    for (let i = 0; i < 5; i += 1) {
      await aTask(shared.graph.services, { title: `Grüße ${i} 🚀 "quoted"` });
      await allHave(streams, i + 2);
    }
    expect(shared.takeExecutions()).toBe(5);
    const [first, ...others] = streams.map(({ payloads }) => payloads);
    for (const payloads of others) expect(payloads).toEqual(first);
    expect(
      streams[0]
        ?.items()
        .slice(1)
        .map(({ task }) => task.title),
    ).toEqual([0, 1, 2, 3, 4].map((i) => `Grüße ${i} 🚀 "quoted"`));
  });

  it('get every event complete although the database is unavailable while they are resolved', async () => {
    const { services } = shared.graph;
    const key = await aViewer();
    const streams = await times(3, () => watch(key, { query: EVENTS, variables: created }));
    await allLive(streams);
    // Its only field that reads the database is the actor, which Prisma reads.
    const ofActors =
      'subscription ($after: Cursor, $filter: EventFilter) { events(after: $after, filter: $filter) { cursor actor { displayName } } }';
    const one = await watch(key, { query: ofActors, variables: created });
    await one.has(1);
    // Reads of tasks and actors fail like those of a PostgreSQL that stops. The log itself can be read.
    const { pool } = services.database;
    const query = pool.query.bind(pool);
    let failures = 0;
    const refused = Object.assign(new Error('terminating connection'), { code: '57P01', severity: 'FATAL' });
    const tasks = await Promise.all([aTask(services), aTask(services)]);
    Object.assign(pool, {
      query: (...args: [{ text?: string; name?: string }]) => {
        const { text = '', name = '' } = args[0];
        if (!/"?(api_keys|tasks)"? /.test(text) || /^read_log/.test(name))
          return Reflect.apply(query, pool, args);
        failures += 1;
        return Promise.reject(refused);
      },
    });
    await services.sql(
      "INSERT INTO event_outbox (type, task_id, actor_key_id) SELECT 'task.created', id, $2 FROM unnest($1::text[]) id",
      [tasks.map(({ id }) => id), services.admin.keyId],
    );
    services.database.bell.ring();
    await vi.waitFor(() => expect(failures).toBeGreaterThan(3), 20_000);
    Object.assign(pool, { query });
    await allHave([...streams, one], 5);
    const [first] = streams;
    for (const stream of [...streams, one]) {
      expect(stream.payloads.filter((text) => text.includes('errors'))).toEqual([]);
      expect(stream.items().map(({ cursor }) => cursor)).toEqual(first!.items().map(({ cursor }) => cursor));
    }
    expect(
      first!
        .items()
        .slice(-2)
        .map(({ task }) => task.id),
    ).toEqual(tasks.map(({ id }) => id));
  });

  it('share it although they started at different positions in the log', async () => {
    const key = await aViewer();
    const early = await watch(key, { query: EVENTS, variables: created });
    for (let i = 0; i < 6; i += 1) await aTask(shared.graph.services);
    await early.has(6);
    const late = await Promise.all(
      early
        .items()
        .map(({ cursor }) => watch(key, { query: EVENTS, variables: { ...created, after: cursor } })),
    );
    const haveAlso = (more: number) =>
      Promise.all([early.has(6 + more), ...late.map((stream, i) => stream.has(5 - i + more))]);
    await aTask(shared.graph.services);
    await haveAlso(1);
    shared.takeExecutions();
    await aTask(shared.graph.services);
    await haveAlso(2);
    expect(shared.takeExecutions()).toBe(1);
    late.forEach((stream, i) => {
      expect(stream.payloads).toEqual(early.payloads.slice(i + 1));
    });
  });

  it('share the executions for a watched task and for the overview', async () => {
    const key = await aViewer();
    const task = await aTask(shared.graph.services);
    // Otherwise a stream of the task would show its creation once that can be read.
    await shared.graph.settled();
    const one = { query: `subscription { task(ref: { id: "${task.id}" }) { id assignee { name } } }` };
    const tasks = await times(5, () => watch(key, one));
    await allHave(tasks, 1);
    shared.takeExecutions();
    const agent = await anAgent(shared.graph.services);
    await shared.graph.get(
      `mutation { assignTask(input: { task: { id: "${task.id}" }, assignee: { id: "${agent.id}" } }) { errors { message } } }`,
    );
    await allHave(tasks, 2);
    expect(shared.takeExecutions()).toBe(1);
    for (const stream of tasks) expect(stream.items().at(-1).assignee.name).toBe(agent.name);
  });
});

describe('subscribers of different operations', () => {
  it('share nothing if document, operation name, variables or role differ', async () => {
    const viewer = await aViewer();
    const operator = (await shared.aKey('OPERATOR')).secret;
    const two = `${EVENTS} subscription Other($after: Cursor) { events(after: $after, filter: { types: ["task.created"] }) { type } }`;
    const pairs: [string, Asked][] = [
      [viewer, { query: EVENTS, variables: created }],
      [operator, { query: EVENTS, variables: created }],
      [viewer, { query: EVENTS, variables: { filter: { types: ['task.created', 'run'] } } }],
      [viewer, { query: two, operationName: 'Events', variables: created }],
      [viewer, { query: two, operationName: 'Other' }],
      [viewer, { query: EVENTS.replace('cursor type', 'type'), variables: created }],
    ];
    const streams = (await Promise.all(pairs.map((pair) => times(2, () => watch(...pair))))).flat();
    await allLive(streams);
    await aTask(shared.graph.services);
    await allHave(streams, 2);
    expect(shared.takeExecutions()).toBe(pairs.length);
  });
});

describe('what a key may not see', () => {
  const SOULS =
    'subscription ($after: Cursor) { events(after: $after, filter: { types: ["agent"] }) { ... on AgentEvent { agent { name soul } } } }';
  const TASKS =
    'subscription ($after: Cursor) { events(after: $after, filter: { types: ["task", "run"] }) { type ... on TaskEvent { task { id } } } }';

  it('does not reach its stream through an execution that it shares with other keys', async () => {
    const { services } = shared.graph;
    const [ann, bob] = [await anAgent(services, { soul: 'Secret' }), await anAgent(services)];
    const keys = await Promise.all([ann, ann, bob, bob].map((agent) => aKeyOf(services, agent)));
    const secrets = keys.map(shared.know);
    const admin = (await shared.aKey('ADMIN')).secret;
    await shared.graph.settled();
    const everything = await Promise.all([admin, admin].map((key) => watch(key, { query: TASKS })));
    const [ann1, ann2, bob1, bob2] = await Promise.all(secrets.map((key) => watch(key, { query: TASKS })));
    await aClaimedTask(services, bob);
    const { task } = await aClaimedTask(services, ann);
    await allHave(everything, 8);
    const ofAnn = everything[0]?.items().filter((event) => event.task.id === task.id) ?? [];
    await allHave([ann1, ann2] as Stream[], ofAnn.length);
    for (const stream of [ann1, ann2]) expect(stream?.items()).toEqual(ofAnn);
    for (const stream of [bob1, bob2])
      for (const item of stream?.items() ?? []) expect(item.task.id).not.toBe(task.id);

    const souls = await Promise.all([admin, ...secrets].map((key) => watch(key, { query: SOULS })));
    await pauseAgent(services, services.admin, { id: ann.id });
    await Promise.all(souls.slice(0, 3).map((stream) => stream.has(1)));
    expect(souls.slice(0, 3).map((stream) => stream.items()[0].agent.soul)).toEqual(Array(3).fill('Secret'));
    for (const stream of souls.slice(3)) expect(stream.payloads.join()).not.toContain('Secret');
  });

  it('is not shared among keys of one role if a result depends on the key', async () => {
    const keys = await times(3, () => shared.aKey('OPERATOR'));
    const query = `subscription ($after: Cursor) { events(after: $after, filter: { types: ["task.created"] }) { actor { id ... on ApiKey { prefix } } } }`;
    const streams = await Promise.all(
      keys.flatMap(({ secret }) => [watch(secret, { query }), watch(secret, { query })]),
    );
    for (const { viewer } of keys) {
      await shared.graph.get('mutation { createTask(input: { title: "Mine" }) { task { id } } }', {}, viewer);
    }
    await allHave(streams, 3);
    streams.forEach((stream, index) => {
      const own = keys[Math.floor(index / 2)]?.viewer.keyId;
      const results = stream.payloads.map((text) => JSON.parse(text));
      const seen = results.flatMap(({ data }) => data?.events.actor ?? []);
      expect(seen).toEqual([{ id: own, prefix: own?.slice(-8) }]);
      for (const { data, errors } of results)
        if (data === null) expect(errors[0].extensions.code).toBe('FORBIDDEN');
    });
  });
});

describe('a subscriber that reads nothing', () => {
  it('delays no other subscriber of its operation', async () => {
    const key = await aViewer();
    const query =
      'subscription ($after: Cursor) { events(after: $after, filter: { types: ["task.created"] }) { ... on TaskEvent { task { description } } } }';
    const [slow, ...others] = await times(4, () => watch(key, { query }));
    slow?.pause();
    const description = 'x'.repeat(60_000);
    for (let i = 0; i < 60; i += 1) await aTask(shared.graph.services, { description: `${i}${description}` });
    await allHave(others, 60);
    slow?.resume();
    await slow?.has(60);
    expect(slow?.payloads).toEqual(others[0]?.payloads);
  });
});

describe('subscribers that connect and disconnect under load', () => {
  const total = 120;

  /** Disconnects repeatedly after this many events, and resumes after the last one. */
  async function comeAndGo(key: string, breakEvery: number): Promise<string[]> {
    const got: string[] = [];
    let after = begin;
    while (got.length < total) {
      const stream = await watch(key, { query: EVENTS, variables: { ...created, after } });
      await stream.has(Math.min(breakEvery, total - got.length));
      stream.close();
      got.push(...stream.payloads);
      after = JSON.parse(got.at(-1) ?? '').data.events.cursor;
    }
    return got;
  }

  it('miss no event, get none twice, and share again once they have caught up', async () => {
    const key = await aViewer();
    const steady = await watch(key, { query: EVENTS, variables: created });
    const readers = [7, 11, 23, 40].map((breakEvery) => comeAndGo(key, breakEvery));
    await times(3, async () => {
      for (let i = 0; i < total / 3; i += 1) await aTask(shared.graph.services);
    });
    await steady.has(total);
    for (const got of await Promise.all(readers)) expect(got).toEqual(steady.payloads);
  });
});

describe('a subscriber that is behind', () => {
  const RICH = `subscription ($after: Cursor) { events(after: $after) { cursor type actor { displayName }
    ... on TaskEvent { task { ref title assignee { name } currentRun { number } } }
    ... on TaskStatusChangedEvent { run { number agent { name } } } } }`;

  it('gets all events in order, with the statements of a page shared by its events', async () => {
    const { services } = shared.graph;
    for (let i = 0; i < 10; i += 1) await aClaimedTask(services, await anAgent(services));
    await shared.graph.settled();
    const all = 'query ($after: Cursor) { events(after: $after, first: 100) { nodes { cursor } } }';
    const wanted = await shared.graph.get(all, { after: begin });
    const cursors = wanted.events.nodes.map(({ cursor }: { cursor: string }) => cursor);
    let stream: Stream | undefined;
    const statements = await recordStatements(services, async () => {
      stream = await watch(await aViewer(), { query: RICH });
      await stream.has(cursors.length);
    });
    expect(stream?.items().map(({ cursor }) => cursor)).toEqual(cursors);
    expect(shared.takeExecutions()).toBe(cursors.length);
    // One event alone takes four.
    expect(statements.length).toBeLessThan(cursors.length);
  });
});
