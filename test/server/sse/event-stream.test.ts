import { connect, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { goodKey, readAnswer, startTestServer, type TestServer } from '../../support/servers/test-server.js';
import { hasPaused } from '../../support/wires/small-schema.js';

/** Never ends. Its messages are large, so that the buffers between server and client fill soon. */
const endless = `subscription { ${'x'.repeat(10_000)}: ticks(count: 100000000) }`;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

/** Requests a stream over a raw connection. */
function askBare(query: string, more: readonly string[] = [], { server: to } = server): Socket {
  const body = JSON.stringify({ query });
  const headers = [
    `authorization: Bearer ${goodKey}`,
    `content-length: ${body.length}`,
    'content-type: application/json',
    `accept: ${accept}`,
    ...more,
  ];
  const socket = connect(to.address().port, '127.0.0.1');
  socket.write(`POST /graphql HTTP/1.1\r\nhost: x\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
  return socket;
}

beforeEach(() => {
  server.ticks.log.length = 0;
  server.signals.length = 0;
});

const accept = 'text/event-stream';

describe('a subscription over server-sent events', () => {
  it('follows the protocol of graphql-sse', async () => {
    const { status, headers, text } = await server.post(
      { query: 'subscription { ticks(count: 2) }' },
      { accept },
    );
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    expect(headers.get('content-encoding')).toBeNull();
    expect(text.replace(/^:\n\n/gm, '')).toBe(
      'event: next\ndata: {"data":{"ticks":1}}\n\nevent: next\ndata: {"data":{"ticks":2}}\n\nevent: complete\ndata:\n\n',
    );
    expect(server.ticks.log).toEqual(['started', 'ended']);
  });

  it('can be read by a public client', async () => {
    const client = createClient({
      url: `${server.url}/graphql`,
      headers: { authorization: `Bearer ${goodKey}` },
    });
    const got: unknown[] = [];
    for await (const result of client.iterate({ query: 'subscription { ticks }' })) got.push(result.data);
    expect(got).toEqual([{ ticks: 1 }, { ticks: 2 }, { ticks: 3 }]);
    client.dispose();
  });

  it.each(['*/*', 'text/*', 'application/json, text/event-stream'])(
    'answers curl and its like too (%s)',
    async (wish) => {
      const { headers, text } = await server.post(
        { query: 'subscription { ticks(count: 1) }' },
        { accept: wish },
      );
      expect(headers.get('content-type')).toMatch(/^text\/event-stream/);
      expect(text).toContain('"ticks":1');
    },
  );

  it('is refused as a single answer, and opens nothing then', async () => {
    const query = 'subscription { silent }';
    for (const wish of ['application/json', 'application/graphql-response+json']) {
      const { status, json } = await server.post({ query }, { accept: wish });
      expect([status, json.errors?.[0]?.extensions]).toEqual([406, { code: 'NOT_ACCEPTABLE' }]);
    }
    expect(server.ticks.log).toEqual([]);
    expect((await server.post({ query }, { accept: 'multipart/mixed' })).status).toBe(406);
    const get = `${server.url}/graphql?query=${encodeURIComponent(query)}`;
    const headers = {
      authorization: `Bearer ${goodKey}`,
      accept: 'application/json',
    };
    expect((await fetch(get, { headers })).status).toBe(406);
    expect(server.ticks.log).toEqual([]);
  });

  it('ends when its client disconnects', async () => {
    const stream = await openStream('subscription { silent }');
    await expect.poll(() => server.ticks.log).toEqual(['started']);
    stream.abort();
    await expect.poll(() => server.ticks.log).toEqual(['started', 'ended']);
  });

  it('waits for a client that does not read, and ends when it disconnects', async () => {
    const socket = askBare(endless);
    socket.pause();
    await expect.poll(() => server.ticks.log).toEqual(['started']);
    await expect.poll(() => hasPaused(server.ticks)).toBe(true);
    socket.destroy();
    await expect.poll(() => server.ticks.log).toEqual(['started', 'ended']);
  });

  it('disconnects a client that reads nothing from one heartbeat to the next', async () => {
    const hasty = await startTestServer({ limits: { pingIntervalMs: 50 } });
    const socket = askBare(endless, [], hasty);
    socket.on('error', () => undefined);
    socket.pause();
    await expect.poll(() => hasty.ticks.log).toEqual(['started', 'ended']);
    socket.destroy();
    await hasty.stop();
  });

  it('closes the connection at its end if its client asks for that', async () => {
    const text = await readText(askBare('subscription { ticks(count: 1) }', ['connection: close']));
    expect(text).toMatch(/^connection: close/im);
    expect(text).toContain('event: complete');
  });

  it('ends with an error that is masked, has a code and is logged once', async () => {
    const { text, headers } = await server.post({ query: 'subscription { faultyTicks }' }, { accept });
    const requestId = headers.get('x-request-id');
    expect(text).toContain('{"data":{"faultyTicks":1}}');
    expect(text).toContain(`"extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"${requestId}"}`);
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
    expect(text).not.toContain('secret');
    const faults = server.signals.filter(({ level }) => level === 'error');
    expect(faults.map(({ facts }) => facts.requestId)).toEqual([requestId]);
  });

  it('ends with the reason that a resolver gives, such as a revoked key', async () => {
    const { text } = await server.post({ query: 'subscription { refusedTicks }' }, { accept });
    expect(text).toContain('"message":"The key was revoked"');
    expect(text).toContain('"extensions":{"code":"UNAUTHENTICATED"}');
    expect(server.signals.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('that cannot begin is an answer with the reason', async () => {
    const { text, headers } = await server.post({ query: 'subscription { faultAtStart }' }, { accept });
    expect(text).toContain(`"requestId":"${headers.get('x-request-id')}"`);
    expect(text).not.toContain('secret');
    expect(server.signals.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('a GET', () => {
  const url = (query: string) => `${server.url}/graphql?query=${encodeURIComponent(query)}`;
  const headers = {
    authorization: `Bearer ${goodKey}`,
    accept: 'application/json',
  };

  it('runs a query', async () => {
    const { status, json } = await readAnswer(await fetch(url('{ hello }'), { headers }));
    expect([status, json]).toEqual([200, { data: { hello: 'Hello world' } }]);
  });

  it('needs no header but the key, also for a subscription', async () => {
    const response = await fetch(url('subscription { ticks(count: 1) }'), {
      headers: { authorization: `Bearer ${goodKey}`, accept },
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('event: next\ndata: {"data":{"ticks":1}}');
  });

  it('without a key is refused, even with other headers', async () => {
    const { status, json } = await readAnswer(
      await fetch(url('{ hello }'), { headers: { cookie: 'a=b', 'x-graphql-yoga-csrf': '1' } }),
    );
    expect([status, json.errors?.[0]?.extensions]).toEqual([401, { code: 'UNAUTHENTICATED' }]);
  });

  it('runs no mutation', async () => {
    const { status, json } = await readAnswer(
      await fetch(url('mutation { rename(name: "x") }'), { headers }),
    );
    expect([status, json.errors?.[0]?.extensions]).toEqual([405, { code: 'METHOD_NOT_ALLOWED' }]);
  });

  it("with variables that are not JSON is the caller's mistake", async () => {
    const { status, json } = await readAnswer(await fetch(`${url('{ hello }')}&variables={`, { headers }));
    expect([status, json.errors?.[0]?.extensions]).toEqual([400, { code: 'BAD_USER_INPUT' }]);
    expect(server.signals.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

async function openStream(query: string): Promise<AbortController> {
  const controller = new AbortController();
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${goodKey}`, accept },
    body: JSON.stringify({ query }),
    signal: controller.signal,
  });
  expect(response.status).toBe(200);
  return controller;
}
