import { once } from 'node:events';
import { connect } from 'node:net';
import { createClient } from 'graphql-sse';
import { describe, expect, it } from 'vitest';
import { goodKey, startTestServer, type TestServer } from '../support/servers/test-server.js';
import { RawSocket } from '../support/wires/raw-socket.js';

const headers = { 'content-type': 'application/json', authorization: `Bearer ${goodKey}` };

function ask({ url }: TestServer, query: string, own: Record<string, string> = {}) {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { ...headers, ...own },
    body: JSON.stringify({ query }),
  });
}

function requestText(query: string): string {
  const body = JSON.stringify({ query });
  const own = { host: 'x', ...headers, 'content-length': String(body.length) };
  const lines = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

describe('starting', () => {
  it('reports the address, and a second start does nothing', async () => {
    const server = await startTestServer();
    await server.server.start();
    const { host, port, url } = server.server.address();
    expect({ host, url }).toEqual({ host: '127.0.0.1', url: `http://127.0.0.1:${port}` });
    await server.stop();
    expect(() => server.server.address()).toThrow('is not listening');
  });

  it('on a port that is in use fails with advice', async () => {
    const server = await startTestServer();
    const http = { ...server.server.address(), basePath: '', corsOrigins: [] };
    await expect(startTestServer({ http })).rejects.toThrow(
      /Can't listen on 127.0.0.1 port \d+: the port is in use.*MC_PORT/,
    );
    await server.stop();
  });

  it('on an address of another machine fails with advice', async () => {
    const http = { host: '192.0.2.1', port: 0, basePath: '', corsOrigins: [] };
    await expect(startTestServer({ http })).rejects.toThrow(/MC_HOST/);
  });
});

describe('stopping', () => {
  it('closes sockets with the code to reconnect and a hint where to resume', async () => {
    const server = await startTestServer();
    const socket = await RawSocket.open(server.url);
    socket.init(`Bearer ${goodKey}`);
    await expect.poll(() => socket.messages).toHaveLength(1);
    socket.subscribe('1', 'subscription { silent }');
    await expect.poll(() => server.ticks.log).toEqual(['started']);
    await server.stop();
    expect(await socket.closed).toEqual({
      code: 1012,
      reason: 'The server is stopping: resume with your last cursor',
    });
    expect(socket.of('1')).toEqual([]);
    expect(server.ticks.log).toEqual(['started', 'ended']);
  });

  it('breaks off event streams without "complete", so that their clients reconnect', async () => {
    const server = await startTestServer();
    const streams = await Promise.all(
      ['subscription { silent }', 'subscription { waitingSilent }'].map((query) =>
        ask(server, query, { accept: 'text/event-stream' }),
      ),
    );
    await expect.poll(() => server.ticks.log).toEqual(['started', 'started']);
    await server.stop();
    for (const stream of streams) await expect(stream.text()).rejects.toThrow('terminated');
    expect(server.ticks.log).toEqual(['started', 'started', 'ended', 'ended']);
  });

  it('lets a client of graphql-sse reconnect to the next server', async () => {
    const first = await startTestServer();
    const { port, url } = first.server.address();
    const client = createClient({
      url: `${url}/graphql`,
      headers: { authorization: `Bearer ${goodKey}` },
      retryAttempts: 1_000,
      retry: () => new Promise((resolve) => setImmediate(resolve)),
    });
    const results = client.iterate({ query: 'subscription { waitingSilent }' });
    expect((await results.next()).value).toEqual({ data: { waitingSilent: 0 } });
    const next = results.next();
    await first.stop();
    const second = await startTestServer({
      http: { host: '127.0.0.1', port, basePath: '', corsOrigins: [] },
    });
    expect((await next).value).toEqual({ data: { waitingSilent: 0 } });
    expect(second.ticks.log).toEqual(['started']);
    client.dispose();
    await second.stop();
  });

  it('waits for a request in flight, refuses new connections and closes idle ones', async () => {
    const server = await startTestServer();
    const { port } = server.server.address();
    const idle = connect(port, '127.0.0.1');
    await once(idle, 'connect');
    const answer = ask(server, '{ waits }');
    await expect.poll(() => server.ticks.log).toEqual(['waiting']);
    const stopped = server.stop();
    await once(idle, 'close');
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    server.ticks.release('in time');
    const response = await answer;
    expect(await response.json()).toEqual({ data: { waits: 'in time' } });
    await stopped;
  });

  it('answers the next request of an open connection with 503 of readiness, and closes the connection', async () => {
    const server = await startTestServer();
    const socket = connect(server.server.address().port, '127.0.0.1');
    const received: string[] = [];
    socket.on('data', (chunk) => received.push(String(chunk)));
    const ready = 'GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n';
    socket.write(requestText('{ waits }') + ready + requestText('{ whoAmI }'));
    await expect.poll(() => server.ticks.log).toEqual(['waiting']);
    const stopped = server.stop();
    server.ticks.release('done');
    await once(socket, 'close');
    await stopped;
    const [, first, second, ...others] = received.join('').split('HTTP/1.1 ');
    expect(first).toContain('{"data":{"waits":"done"}}');
    expect(second).toMatch(/^503 /);
    expect(second).toContain('connection: close');
    expect(second).toContain('the server is stopping');
    expect(others).toEqual([]);
  });

  it('closes connections whose requests do not end in time', async () => {
    const server = await startTestServer({ limits: { drainTimeoutMs: 50 } });
    const answer = ask(server, '{ waits }');
    await expect.poll(() => server.ticks.log).toEqual(['waiting']);
    const cut = expect(answer).rejects.toThrow();
    await server.stop();
    await cut;
    await expect.poll(() => server.ticks.log).toEqual(['waiting', 'aborted']);
  });

  it('twice or before the start does nothing', async () => {
    const server = await startTestServer();
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    await server.server.start();
    expect(() => server.server.address()).toThrow();
  });
});
