import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/kernel/clock.js';
import { usedMemory } from '../../feed/memory.js';
import { type LiveGraph, openLiveGraph, schema } from '../../support/graphql/live-graph.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let database: TestDatabase;
let graph: LiveGraph;
let server: TestServer;
/** How far the feed's clock is ahead of the real one. */
let aheadMs = 0;

/** Of the feed. */
const PATIENCE_MS = 10_000;

beforeAll(async () => {
  database = await createTestDatabase();
  graph = await openLiveGraph(database.url, { now: () => systemClock.now() + aheadMs });
  server = await startTestServer({ schema, createContext: graph.createContext });
  server.keys.set(goodKey, graph.services.admin);
});

afterAll(async () => {
  await server.stop();
  await graph.close();
  await database.drop();
});

const QUERY = 'subscription { events { cursor ... on SchedulerEvent { message } } }';

interface Result {
  readonly data?: { readonly events: { readonly cursor: string; readonly message: string } } | null;
  readonly errors?: readonly { readonly extensions: { readonly code: string; readonly cursor: string } }[];
}

/** A client of one transport that can stop reading from its socket. */
interface Reader {
  readonly results: Result[];
  pause(): void;
  resume(): void;
  close(): void;
}

async function overWebSocket(): Promise<Reader> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const results: Result[] = [];
  socket.on('message', (text) => {
    const { type, payload } = JSON.parse(String(text));
    if (type === 'connection_ack')
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }));
    if (type === 'next') results.push(payload);
  });
  await once(socket, 'open');
  const payload = { authorization: `Bearer ${goodKey}` };
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  return {
    results,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.terminate(),
  };
}

async function overSse(): Promise<Reader> {
  const results: Result[] = [];
  const headers = {
    authorization: `Bearer ${goodKey}`,
    accept: 'text/event-stream',
    'content-type': 'application/json',
  };
  const call: ClientRequest = request(`${server.url}/graphql`, { method: 'POST', headers });
  call.end(JSON.stringify({ query: QUERY }));
  const [response]: IncomingMessage[] = (await once(call, 'response')) as IncomingMessage[];
  let rest = '';
  response?.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\n\n');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const data = /^event: next\ndata: (.*)$/m.exec(message)?.[1];
      if (data !== undefined) results.push(JSON.parse(data));
    }
  });
  return {
    results,
    pause: () => response?.pause(),
    resume: () => response?.resume(),
    close: () => call.destroy(),
  };
}

/** Appends events as large as a long report, so that the buffers of the sockets can't hold them all. */
async function append(from: number, to: number): Promise<void> {
  await graph.services.sql(
    `INSERT INTO event_outbox (type, payload) SELECT 'scheduler.paused', jsonb_build_object('job', 'x', 'message', i || repeat('.', 1000))
      FROM generate_series($1::int, $2::int) i`,
    [from, to],
  );
  graph.services.database.bell.ring();
}

const numbers = (results: readonly Result[]) =>
  results.flatMap(({ data }) => (data ? [Number.parseInt(data.events.message, 10)] : []));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe.each([
  ['a WebSocket', overWebSocket],
  ['server-sent events', overSse],
])('a client that reads nothing from %s', (_, connect) => {
  it('costs little memory and is closed with a cursor that resumes exactly at the rest', async () => {
    const reader = await connect();
    await vi.waitFor(async () => {
      await append(0, 0);
      expect(reader.results.length).toBeGreaterThan(0);
    }, 20_000);
    await graph.settled();
    let passedOn = 0;
    const unlisten = graph.feed.onEntries(['scheduler.paused'], (entries) => {
      passedOn = Number.parseInt(String(Object(entries.at(-1)?.payload).message), 10);
    });
    const isPassedOn = (last: number) =>
      vi.waitFor(() => expect(passedOn).toBe(last), { timeout: 60_000, interval: 5 });
    const first = await graph.get('{ events(last: 1) { nodes { cursor } } }');
    await vi.waitFor(
      () => expect(reader.results.at(-1)?.data?.events.cursor).toBe(first.events.nodes[0].cursor),
      20_000,
    );
    reader.results.length = 0;

    reader.pause();
    const before = usedMemory();
    const total = 50_000;
    for (let i = 1; i <= total; i += 5_000) await append(i, i + 4_999);
    await isPassedOn(total);
    // All of them are 50 MB on the wire. This waits, since the last pages that were read may not be freed yet.
    await vi.waitFor(() => expect(usedMemory() - before).toBeLessThan(10_000_000), 20_000);
    // Only a reader that reads nothing while new events come is closed.
    aheadMs += PATIENCE_MS;
    const more = total + 1;
    await append(more, more);
    await isPassedOn(more);
    reader.resume();
    const closed = () => reader.results.at(-1)?.errors?.[0]?.extensions;
    await vi.waitFor(() => expect(closed()).toBeDefined(), 60_000);
    const got = numbers(reader.results);
    expect(closed()).toMatchObject({ code: 'SUBSCRIBER_TOO_SLOW' });
    expect(got).toEqual(range(1, got.length));
    expect(got.length).toBeLessThan(more);

    const rest = await graph.watch(
      'subscription ($after: Cursor) { events(after: $after) { ... on SchedulerEvent { message } } }',
      { after: closed()?.cursor },
    );
    await rest.has(more - got.length);
    expect(rest.items.map(({ message }) => Number.parseInt(message, 10))).toEqual(
      range(got.length + 1, more),
    );
    await rest.close();
    reader.close();
    unlisten();
  });
});
