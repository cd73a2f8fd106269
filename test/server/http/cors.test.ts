import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let open: TestServer;
let closed: TestServer;

beforeAll(async () => {
  const http = {
    host: '127.0.0.1',
    port: 0,
    basePath: '',
    corsOrigins: ['https://dashboard.example', 'chrome-extension://abcdef', 'safari-web-extension://ab-1'],
  };
  open = await startTestServer({ http });
  closed = await startTestServer();
});

afterAll(async () => {
  await open.stop();
  await closed.stop();
});

function preflight({ url }: TestServer, origin: string) {
  const headers = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };
  return fetch(`${url}/graphql`, { method: 'OPTIONS', headers });
}

function ask({ url }: TestServer, origin: string, headers: Record<string, string> = {}) {
  const common = { origin, 'content-type': 'application/json', authorization: `Bearer ${goodKey}` };
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { ...common, ...headers },
    body: '{"query":"{ hello }"}',
  });
}

describe('a page of another origin', () => {
  it('that is allowed can send requests and read answers, refusals and streams', async () => {
    const before = await preflight(open, 'https://dashboard.example');
    expect(before.status).toBe(204);
    expect(before.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
    expect(before.headers.get('access-control-allow-headers')).toMatch(/authorization, content-type/);
    const answers = [
      {},
      { authorization: 'Bearer mc_bad' },
      { accept: 'text/event-stream' },
      { 'content-type': 'text/plain' },
    ];
    for (const headers of answers) {
      const answer = await ask(open, 'https://dashboard.example', headers);
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(answer.headers.get('vary')).toBe('Origin');
      await answer.text();
    }
  });

  it.each([
    'https://evil.example',
    'https://dashboard.example.evil.example',
    'http://dashboard.example',
    'null',
  ])('that is not allowed gets no CORS headers (%s)', async (origin) => {
    for (const response of [await preflight(open, origin), await ask(open, origin)]) {
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
      expect(response.headers.get('vary')).toBe('Origin');
    }
  });

  it('gets no CORS headers if no origin is allowed', async () => {
    for (const response of [
      await preflight(closed, 'https://dashboard.example'),
      await ask(closed, closed.url),
    ]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('may be that of an extension or an app, which has no http address', async () => {
    // Safari writes the id of an extension in capital letters.
    for (const origin of ['chrome-extension://abcdef', 'safari-web-extension://AB-1']) {
      const { headers } = await ask(open, origin);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
    }
  });

  it('may send the headers of tracing and of client names', async () => {
    const { headers } = await preflight(open, 'https://dashboard.example');
    const allowed = headers.get('access-control-allow-headers')?.split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining([
        'traceparent',
        'tracestate',
        'baggage',
        'sentry-trace',
        'apollographql-client-name',
        'apollographql-client-version',
        'graphql-client-name',
        'graphql-client-version',
      ]),
    );
  });
});
