import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let server: TestServer;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

const page = 'GET /graphql HTTP/1.1\r\nhost: a\r\naccept: text/html\r\n\r\n';
const post = (query: string, variables = {}) => {
  const body = JSON.stringify({ query, variables });
  const headers = [`authorization: Bearer ${goodKey}`, 'content-type: application/json'];
  return `POST /graphql HTTP/1.1\r\nhost: a\r\n${headers.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};
const health = 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n';

describe('pipelined requests of one connection', () => {
  it('are answered in their order', async () => {
    server = await startTestServer();
    const socket = open();
    const text = collect(socket);
    const wanted = Array.from({ length: 20 }, (_, index) => `r-${index}`);
    socket.write(wanted.map((id) => health.replace('host: a', `host: a\r\nx-request-id: ${id}`)).join(''));
    await vi.waitFor(
      () => expect([...text().matchAll(/x-request-id: (r-\d+)/g)].map(([, id]) => id)).toEqual(wanted),
      20_000,
    );
  });

  it('start one after the other', async () => {
    server = await startTestServer();
    const socket = open();
    const text = collect(socket);
    socket.write(post('{ waits }').repeat(3));
    for (const answer of ['first', 'second', 'third']) {
      await vi.waitFor(() => expect(server.ticks.log).toEqual(['waiting']), 20_000);
      server.ticks.log.length = 0;
      server.ticks.release(answer);
      await vi.waitFor(() => expect(text()).toContain(answer), 20_000);
    }
  });

  it('close their connection if more of them wait than the limit allows', async () => {
    server = await startTestServer({ limits: { maxPipelinedRequests: 10 } });
    const socket = open();
    const text = collect(socket);
    socket.write(post('{ waits }') + health.repeat(10));
    await vi.waitFor(() => expect(server.ticks.log).toEqual(['waiting']), 20_000);
    const isClosed = closed(socket);
    socket.write(health);
    await isClosed;
    expect([text(), server.ticks.log]).toEqual(['', ['waiting', 'aborted']]);
  });
});

describe('a client that does not read its answer', () => {
  it('is disconnected after a while', async () => {
    server = await startTestServer({ limits: { pingIntervalMs: 50 } });
    const socket = open().pause();
    socket.write(page);
    await vi.waitFor(() => expect(requests(false)).toBe(1), 20_000);
  });

  it('keeps its connection if it reads slowly', async () => {
    server = await startTestServer({ limits: { pingIntervalMs: 1_000 } });
    const socket = open();
    let size = 0;
    socket.on('data', (chunk) => {
      size += chunk.length;
      socket.pause();
      setImmediate(() => socket.resume());
    });
    socket.write(page.replace('host: a', 'host: a\r\nconnection: close'));
    await closed(socket);
    expect(size).toBeGreaterThan(8_000_000);
    expect(requests(false)).toBe(0);
  });

  it('is disconnected at once if it has waited longest and the process has too many unread bytes', async () => {
    const most = 16_777_216;
    server = await startTestServer({
      limits: { maxUnreadBytes: 30_000_000, maxAnswerLength: most, maxRepeatedVariableLength: most },
    });
    const query = `query ($n: String) { ${Array.from({ length: 15 }, (_, n) => `a${n}: hello(name: $n)`).join(' ')} }`;
    const long = post(query, { n: 'x'.repeat(900_000) });
    for (let count = 1; count <= 2; count += 1) {
      open().pause().write(long);
      await vi.waitFor(() => expect(operations()).toBe(count), 20_000);
    }
    open().pause().write(long);
    await vi.waitFor(() => expect(requests(false)).toBe(1), 20_000);
    const [first, ...others] = sockets;
    await closed((first as Socket).resume());
    for (const socket of others) socket.resume();
    await vi.waitFor(() => expect(requests(true)).toBe(2), 20_000);
  });
});

function open(): Socket {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

function collect(socket: Socket): () => string {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  return () => text;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** How many requests have ended, with a complete answer or without one. */
function requests(isComplete: boolean): number {
  const ended = server.signals.filter(({ name }) => name === 'http.request');
  return ended.filter(({ facts }) => facts.isComplete === isComplete).length;
}

function operations(): number {
  return server.signals.filter(({ name }) => name === 'graphql.operation').length;
}
