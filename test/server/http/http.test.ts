import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodKey, readAnswer, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ limits: { maxBodyBytes: 10_000 } });
});

afterAll(() => server.stop());

describe('health', () => {
  it('reports without a key that the process is alive and ready', async () => {
    const alive = await readAnswer(await fetch(`${server.url}/healthz`));
    expect({ status: alive.status, ...alive.json }).toEqual({ status: 'ok' });
    expect(alive.status).toBe(200);
    const ready = await readAnswer(await fetch(`${server.url}/readyz`));
    expect(ready.status).toBe(200);
    expect(ready.json).toEqual({ status: 'ready' });
  });

  it.each([
    [() => false, 'the server is not ready'],
    [() => 'the database does not answer', 'the database does not answer'],
    [() => Promise.reject(new Error('secret')), 'the check itself failed'],
  ])('reports 503 and the reason while the server is not ready', async (isReady, reason) => {
    const unready = await startTestServer({ isReady });
    const { status, json } = await readAnswer(await fetch(`${unready.url}/readyz`));
    expect(status).toBe(503);
    expect(json).toEqual({ status: 'not ready', reason });
    expect((await fetch(`${unready.url}/healthz`)).status).toBe(200);
    await unready.stop();
  });
});

describe('the check of readiness', () => {
  it('is made once for concurrent requests, and ends with 503 when it takes too long', async () => {
    let checks = 0;
    const never = new Promise<boolean>(() => undefined);
    const isReady = () => {
      checks += 1;
      return never;
    };
    const unready = await startTestServer({ isReady });
    const answers = await Promise.all(
      [1, 2, 3].map(async () => readAnswer(await fetch(`${unready.url}/readyz`))),
    );
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(answers[0]?.json).toEqual({ status: 'not ready', reason: 'the check took too long' });
    expect(checks).toBe(1);
    await unready.stop();
  });
});

describe('every response', () => {
  it.each(['/healthz', '/graphql', '/nothing'])(
    'has an id and says what a browser may do with it (%s)',
    async (path) => {
      const { headers } = await fetch(server.url + path);
      expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.has('x-powered-by')).toBe(false);
    },
  );

  it("has the caller's request id if that is valid", async () => {
    const idFor = async (id: string) =>
      (await server.post({ query: '{ requestId }' }, { 'x-request-id': id })).headers.get('x-request-id');
    expect(await idFor('trace-1.a:b_C')).toBe('trace-1.a:b_C');
    for (const id of ['has space', 'a'.repeat(129), '<script>', 'ü'])
      expect(await idFor(id)).toMatch(/^req_/);
  });

  it('has the same request id in resolvers and in the log', async () => {
    const { json, headers } = await server.post({ query: '{ requestId }' });
    expect(json.data?.requestId).toBe(headers.get('x-request-id'));
    const logged = server.signals.find(({ facts }) => facts.requestId === json.data?.requestId);
    expect(logged).toMatchObject({
      name: 'http.request',
      level: 'debug',
      facts: { method: 'POST', path: '/graphql', status: 200, keyId: 'key_1' },
    });
    expect(logged?.facts.durationMs).toBeGreaterThanOrEqual(0);
  });
});

describe('a path or method that does not exist', () => {
  it('is a 404 in JSON', async () => {
    for (const path of ['/', '/nothing', '/graphql/', '/GRAPHQL', '//graphql', '/graphql%2f']) {
      const { status, json } = await readAnswer(await fetch(server.url + path));
      expect([path, status, json.errors?.[0]?.extensions?.code]).toEqual([path, 404, 'NOT_FOUND']);
    }
  });

  it.each([
    ['PUT', '/graphql', 'GET, HEAD, POST, OPTIONS'],
    ['DELETE', '/graphql', 'GET, HEAD, POST, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('is a 405 that names the allowed methods (%s %s)', async (method, path, allow) => {
    const { status, json, headers } = await readAnswer(await fetch(server.url + path, { method }));
    expect([status, headers.get('allow')]).toEqual([405, allow]);
    expect(json.errors?.[0]?.extensions?.code).toBe('METHOD_NOT_ALLOWED');
  });
});

describe('a body', () => {
  it.each([
    ['application/x-www-form-urlencoded', 'query={hello}'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['text/plain', '{"query":"{hello}"}'],
    ['application/graphql', '{hello}'],
    ['application/json; charset=utf-16', '{"query":"{hello}"}'],
    ['', '{"query":"{hello}"}'],
  ])('of type "%s" is refused with 415', async (type, body) => {
    const { status, json } = await server.post(body, { 'content-type': type });
    expect(status).toBe(415);
    expect(json.errors?.[0]?.message).toContain('application/json');
    expect(json.errors?.[0]?.extensions?.code).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  it('may declare UTF-8 as its encoding', async () => {
    const { json } = await server.post(
      { query: '{ hello(name: "Zoë 🦊") }' },
      { 'content-type': 'application/json; charset=UTF-8' },
    );
    expect(json).toEqual({ data: { hello: 'Hello Zoë 🦊' } });
  });

  it.each([
    ['', /empty/],
    ['{', /not valid JSON/],
    ['null', /must be a JSON object with a "query", not null/],
    ['"{ hello }"', /not a string/],
    ['12', /not a number/],
    ['[]', /Batching is not supported/],
    ['[{"query":"{ hello }"}]', /Batching is not supported/],
    ['{}', /"query" must be a GraphQL document, not missing/],
    ['{"query":1}', /"query" must be a GraphQL document, not a number/],
    ['{"query":{}}', /"query" must be a GraphQL document, not an object/],
    ['{"query":"{hello}","variables":[]}', /"variables" must be a JSON object, not a list/],
    ['{"query":"{hello}","variables":"{}"}', /"variables" must be a JSON object, not a string/],
    ['{"query":"{hello}","operationName":1}', /"operationName" must be a text/],
    ['{"query":"{hello}","extensions":1}', /"extensions" must be a JSON object/],
  ])('of %s is refused with 400 and a reason', async (body, reason) => {
    for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream']) {
      const { status, json } = await server.post(body, { accept });
      expect([accept, status, json.errors?.[0]?.extensions]).toEqual([
        accept,
        400,
        { code: 'BAD_USER_INPUT' },
      ]);
      expect(json.errors?.[0]?.message).toMatch(reason);
    }
  });

  it('of broken JSON is not quoted, because it may hold secrets', async () => {
    const { text: answer } = await server.post('{"query": "{hello}", "variables": {"key": mc_secret}}');
    expect(answer).not.toContain('mc_secret');
  });

  it('over the limit is refused with 413, announced or not, and the connection stays open', async () => {
    const large = JSON.stringify({ query: '{ hello }', extensions: { pad: 'x'.repeat(10_000) } });
    for (const body of [large, 'x'.repeat(5_000_000)]) {
      const { status, json } = await server.post(body);
      expect([status, json.errors?.[0]?.extensions?.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    }
    const chunked = await sendChunks([
      '{"query":"{ hello }","extensions":{"pad":"',
      ...Array(20).fill('x'.repeat(1_000)),
      '"}}',
    ]);
    expect(chunked.status).toBe(413);
    expect((await server.post({ query: '{ hello }' })).status).toBe(200);
  });

  it('gets no 100 Continue if it would be too large or the key is missing', async () => {
    expect(await expectContinue({ 'content-length': '20000' })).toEqual({ status: 413, wasAsked: false });
    expect(await expectContinue({ 'content-length': '20', authorization: 'Bearer mc_bad' })).toEqual({
      status: 401,
      wasAsked: false,
    });
    expect(await expectContinue({ 'content-length': '20' })).toEqual({ status: 400, wasAsked: true });
  });

  it('that is split within a character is read correctly', async () => {
    const bytes = Buffer.from(JSON.stringify({ query: '{ hello(name: "Zoë") }' }));
    const cut = bytes.indexOf('ë') + 1;
    const { answer } = await sendChunks([bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(answer).toContain('Hello Zoë');
  });
});

describe('a slow or broken client', () => {
  let hasty: TestServer;

  beforeAll(async () => {
    hasty = await startTestServer({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 400 } });
  });

  afterAll(() => hasty.stop());

  it.each([
    ['endless headers', 'POST /graphql HTTP/1.1\r\nhost: x\r\n', '408'],
    [
      'a body that never ends',
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${goodKey}\r\ncontent-length: 100\r\n\r\n{`,
      '408',
    ],
    [
      'headers that are too large',
      `GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(17_000)}\r\n\r\n`,
      '431',
    ],
    ['bytes that are not HTTP', 'hello\r\n\r\n', '400'],
  ])('with %s is answered and disconnected', async (_what, bytes, status) => {
    const socket = connect((status === '408' ? hasty : server).server.address().port, '127.0.0.1');
    socket.write(bytes);
    const answer = await text(socket);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/x-request-id: req_/);
  });

  it('that disconnects while its request runs aborts the resolver', async () => {
    server.ticks.log.length = 0;
    const controller = new AbortController();
    const answer = fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${goodKey}` },
      body: '{"query":"{ waits }"}',
      signal: controller.signal,
    });
    await expect.poll(() => server.ticks.log).toEqual(['waiting']);
    controller.abort();
    await expect(answer).rejects.toThrow();
    await expect.poll(() => server.ticks.log).toEqual(['waiting', 'aborted']);
    const left = {
      name: 'http.request',
      level: 'debug',
      message: 'A client disconnected before the end of its answer',
    };
    await expect.poll(() => server.signals).toContainEqual(expect.objectContaining(left));
  });
});

function postOptions(headers: Record<string, string>) {
  const { port } = server.server.address();
  const common = { 'content-type': 'application/json', authorization: `Bearer ${goodKey}` };
  return { host: '127.0.0.1', port, path: '/graphql', method: 'POST', headers: { ...common, ...headers } };
}

async function sendChunks(chunks: (string | Buffer)[]) {
  const sent = httpRequest(postOptions({}));
  const answered = once(sent, 'response');
  for (const chunk of chunks) await new Promise((resolve) => sent.write(chunk, resolve));
  sent.end();
  const [response] = (await answered) as [IncomingMessage];
  return { status: response.statusCode, answer: await text(response) };
}

async function expectContinue(headers: Record<string, string>) {
  const sent = httpRequest(postOptions({ ...headers, expect: '100-continue' }));
  let wasAsked = false;
  sent.on('continue', () => {
    wasAsked = true;
    sent.end('x'.repeat(Number(headers['content-length'])));
  });
  sent.flushHeaders();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  sent.destroy();
  return { status: response.statusCode, wasAsked };
}
