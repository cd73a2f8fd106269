import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodKey, readAnswer, startTestServer, type TestServer } from '../../support/servers/test-server.js';
import { RawSocket } from '../../support/wires/raw-socket.js';

let server: TestServer;

beforeAll(async () => {
  const http = { host: '127.0.0.1', port: 0, basePath: '/tools/mc', corsOrigins: [] };
  server = await startTestServer({ http });
});

afterAll(() => server.stop());

const browser = { accept: 'text/html' };

/** Proxies pass the prefix on or remove it. */
describe.each(['/tools/mc', ''])('behind a proxy with a base path, requests at "%s"', (prefix) => {
  it('reach GraphQL over HTTP', async () => {
    const response = await fetch(`${server.url}${prefix}/graphql?query={hello}`, {
      headers: { authorization: `Bearer ${goodKey}` },
    });
    expect((await readAnswer(response)).json).toEqual({ data: { hello: 'Hello world' } });
  });

  it('reach GraphQL over a WebSocket', async () => {
    const socket = await RawSocket.open(`${server.url}${prefix}`);
    socket.init(`Bearer ${goodKey}`);
    await expect.poll(() => socket.messages).toContainEqual({ type: 'connection_ack' });
    socket.socket.terminate();
  });

  it.each(['', '/'])('redirect a browser to GraphiQL with the prefix (%s)', async (end) => {
    const response = await fetch(`${server.url}${prefix}${end}`, { headers: browser, redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/tools/mc/graphql']);
  });

  it('open a GraphiQL that sends its queries to the prefix', async () => {
    const page = await (await fetch(`${server.url}${prefix}/graphql`, { headers: browser })).text();
    expect(page).toContain('"endpoint":"/tools/mc/graphql"');
  });

  it('reach health', async () => {
    expect((await fetch(`${server.url}${prefix}/healthz`)).status).toBe(200);
  });
});

describe('a path that only begins like the base path', () => {
  it('does not exist', async () => {
    expect((await fetch(`${server.url}/tools/mcs/healthz`)).status).toBe(404);
  });
});
