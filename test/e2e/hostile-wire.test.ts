import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, secretTitle, startAttackedServer } from '../support/servers/attacked-server.js';
import { bearer, readAnswer } from '../support/servers/client.js';
import { expectHarmless } from '../support/wires/expect-harmless.js';
import { rawRequest, sendBytes } from '../support/wires/raw-http.js';

let besieged: AttackedServer;
let url: string;
/** The header line with the admin key. */
let key: string;

beforeAll(async () => {
  besieged = await startAttackedServer();
  url = besieged.admin.url();
  key = `authorization: Bearer ${besieged.admin.secret}`;
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

const json = 'application/json';
const good = '{"query":"{ viewer { role } }"}';
const create = 'mutation { createTask(input: { title: "Unwanted" }) { task { id } } }';
const createWith = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }';
const form = `query=${encodeURIComponent(create)}`;
const multipart = `--b\r\ncontent-disposition: form-data; name="query"\r\n\r\n${create}\r\n--b--\r\n`;

describe('a body that', () => {
  it.each<[string, string | undefined, string | Uint8Array<ArrayBuffer>, number]>([
    ['is empty', json, '', 400],
    ['is not JSON', json, '{"query": ', 400],
    ['is JavaScript', json, '{query: "{ viewer { role } }"}', 400],
    ['holds NaN', json, '{"query": "{ viewer { role } }", "variables": {"a": NaN}}', 400],
    ['is null', json, 'null', 400],
    ['is a number', json, '1e999', 400],
    ['is a text', json, '"{ viewer { role } }"', 400],
    ['is an empty batch', json, '[]', 400],
    ['is a batch', json, `[${good},${good}]`, 400],
    ['is a batch of a thousand', json, `[${Array(1_000).fill(good).join()}]`, 400],
    ['has a list for a query', json, '{"query": ["{ viewer { role } }"]}', 400],
    ['has an object for a query', json, '{"query": {"toString": "x"}}', 400],
    ['has a text for variables', json, '{"query": "{ viewer { role } }", "variables": "{}"}', 400],
    ['has a list for variables', json, '{"query": "{ viewer { role } }", "variables": [1]}', 400],
    ['has a number for a name', json, '{"query": "{ viewer { role } }", "operationName": 7}', 400],
    [
      'nests 50,000 levels',
      json,
      `{"query": "{ viewer { role } }", "variables": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      400,
    ],
    ['is 2 MB', json, `{"query": "${'x'.repeat(2_000_000)}"}`, 413],
    ['is a form', 'application/x-www-form-urlencoded', form, 415],
    ['is a multipart form', 'multipart/form-data; boundary=b', multipart, 415],
    ['is plain text', 'text/plain', good, 415],
    ['is a bare document', 'application/graphql', create, 415],
    ['has no type', undefined, Buffer.from(good), 415],
    ['claims to be UTF-16', 'application/json; charset=utf-16', good, 415],
  ])('%s is refused', async (_case, type, body, status) => {
    const headers = { ...bearer(besieged.admin.secret), ...(type ? { 'content-type': type } : {}) };
    const answer = await readAnswer(await fetch(`${url}/graphql`, { method: 'POST', headers, body }));
    expectHarmless(answer);
    expect(answer.status).toBe(status);
    expect(answer.data ?? null).toBeNull();
  });

  it.each<[string, string | Uint8Array<ArrayBuffer>]>([
    [
      'is not UTF-8',
      Buffer.from([
        ...Buffer.from('{"query":"{ task(ref: { ref: \\"'),
        0xff,
        0xc0,
        0x80,
        ...Buffer.from('\\" }) { id } }"}'),
      ]),
    ],
    ['begins with a byte order mark', `\ufeff${good}`],
    ['repeats its members', `{"query":"{","query":"{ viewer { role } }","variables":1,"variables":null}`],
    [
      'names prototypes',
      `{"query":"{ viewer { role } }","__proto__":{"query":"${create}"},"constructor":null}`,
    ],
    [
      'pollutes by its variables',
      `{"query":"{ viewer { role } }","variables":{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"a":1}}}}`,
    ],
    [
      'pollutes by its extensions',
      `{"query":"{ viewer { role } }","extensions":{"__proto__":{"persistedQuery":{}},"persistedQuery":{"version":1,"sha256Hash":"x"}}}`,
    ],
    [
      'nests its variables without end',
      `{"query":"${createWith}","variables":{"input":{"title":"Unwanted","metadata":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}}}`,
    ],
    ['is compressed', gzipSync(good)],
  ])('%s is harmless', async (_case, body) => {
    const headers = { ...bearer(besieged.clients.VIEWER.secret), 'content-type': json };
    const answer = await readAnswer(await fetch(`${url}/graphql`, { method: 'POST', headers, body }));
    expectHarmless(answer);
    expect(Object.getPrototypeOf(answer.data ?? {})).toBe(Object.prototype);
    expect(await besieged.clients.VIEWER.ask('{ viewer { role } }')).toEqual({ viewer: { role: 'VIEWER' } });
  });
});

describe('a request that', () => {
  it.each(['PUT', 'DELETE', 'PATCH'])('is a %s is refused with the allowed methods', async (method) => {
    const headers = { ...bearer(besieged.admin.secret), 'content-type': json };
    const answer = await readAnswer(await fetch(`${url}/graphql`, { method, headers, body: good }));
    expectHarmless(answer);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, expect.stringContaining('POST')]);
  });

  it('is a GET with a mutation changes nothing', async () => {
    for (const headers of [{}, { accept: 'text/event-stream' }]) {
      const answer = await readAnswer(
        await fetch(`${url}/graphql?query=${encodeURIComponent(create)}`, {
          headers: { ...bearer(besieged.admin.secret), ...headers },
        }),
      );
      expectHarmless(answer);
      expect(answer.text).not.toContain('task_');
    }
    const { tasks } = await besieged.admin.ask<{ tasks: object }>(
      '{ tasks(filter: { search: "Unwanted" }) { totalCount } }',
    );
    expect(tasks).toEqual({ totalCount: 0 });
  });

  it.each([
    ...[
      '/../../etc/passwd',
      '/graphql/../../../etc/passwd',
      '/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
      '/..%5c..%5cetc%5cpasswd',
    ],
    ...[
      '//etc/passwd',
      '/admin.key',
      '/data/admin.key',
      '/dist/main.js',
      '/.env',
      '/package.json',
      '/%zz',
      '/graphql%00',
    ],
    ...['/graphql/', '/graphql;v=1', '/GraphQL', '/__proto__', '/constructor', `/${'a'.repeat(8_000)}`],
  ])('asks for %s finds nothing', async (path) => {
    for (const method of ['GET', 'POST']) {
      const text = await sendBytes(url, rawRequest(`${method} ${path} HTTP/1.1`, [key]));
      expectHarmless({ status: statusOf(text), text: bodyOf(text) }, ['root:', besieged.admin.secret]);
      expect(statusOf(text)).toBe(404);
    }
  });

  const post = 'POST /graphql HTTP/1.1';
  const length = `content-length: ${good.length}`;

  it.each<[string, (key: string) => string | Buffer]>([
    ['has a negative length', (auth) => rawRequest(post, [auth, 'content-length: -1'], good)],
    ['has two lengths', (auth) => rawRequest(post, [auth, length, 'content-length: 1'], good)],
    [
      'has a length and chunks',
      (auth) => rawRequest(post, [auth, length, 'transfer-encoding: chunked'], `0\r\n\r\n${good}`),
    ],
    [
      'has broken chunks',
      (auth) =>
        rawRequest(post, [auth, 'content-type: application/json', 'transfer-encoding: chunked'], 'zz\r\nx'),
    ],
    [
      'has a length beyond all numbers',
      (auth) => rawRequest(post, [auth, `content-length: ${'9'.repeat(40)}`], good),
    ],
    [
      'ends before its body does',
      (auth) => rawRequest(post, [auth, 'content-type: application/json', 'content-length: 500'], good),
    ],
    ['has NUL in a header', (auth) => rawRequest(post, [`${auth}\0`, length], good)],
    [
      'has 100 KB of headers',
      (auth) => rawRequest(post, [auth, `x-long: ${'x'.repeat(100_000)}`, length], good),
    ],
    [
      'has 5,000 headers',
      (auth) =>
        rawRequest(post, [auth, ...Array.from({ length: 5_000 }, (_, index) => `x-${index}: 1`)], good),
    ],
    [
      'has a line within its id',
      (auth) => rawRequest('GET /healthz HTTP/1.1', [auth, 'x-request-id: a\rset-cookie: b=1']),
    ],
    ['speaks HTTP/0.9', () => 'GET /graphql\r\n\r\n'],
    ['speaks HTTP/9.9', (auth) => rawRequest('GET /graphql HTTP/9.9', [auth])],
    ['speaks HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['speaks TLS', () => Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]), randomBytes(300)])],
    ['consists of random bytes', () => randomBytes(2_000)],
    ['is empty', () => ''],
    ['has no host', () => 'GET /graphql HTTP/1.1\r\n\r\n'],
    ['connects to another host', (auth) => rawRequest('CONNECT example.com:443 HTTP/1.1', [auth])],
    ['is a TRACE', (auth) => rawRequest('TRACE /graphql HTTP/1.1', [auth])],
    ['is OPTIONS *', (auth) => rawRequest('OPTIONS * HTTP/1.1', [auth])],
    ['names another server', (auth) => rawRequest('GET http://example.com/graphql HTTP/1.1', [auth])],
    ['has an unknown expectation', (auth) => rawRequest(post, [auth, 'expect: 200-maybe', length], good)],
    [
      'upgrades to another protocol',
      (auth) => rawRequest('GET /graphql HTTP/1.1', [auth, 'connection: upgrade', 'upgrade: h2c']),
    ],
    [
      'upgrades without a key',
      () => rawRequest('GET /graphql HTTP/1.1', ['connection: upgrade', 'upgrade: websocket']),
    ],
    [
      'upgrades elsewhere',
      () =>
        rawRequest('GET /../x HTTP/1.1', [
          'connection: upgrade',
          'upgrade: websocket',
          'sec-websocket-version: 13',
          'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
        ]),
    ],
    [
      'hides a second one',
      (auth) => `${rawRequest(post, [auth, 'content-length: 0'])}GET /x HTTP/1.1\r\n\r\n`,
    ],
  ])('%s is refused or answered, and the server keeps working', async (_case, bytes) => {
    const text = await sendBytes(url, bytes(key));
    if (text !== '') {
      expect(statusOf(text)).toBeGreaterThanOrEqual(200);
      expectHarmless({ status: statusOf(text), text: bodyOf(text) }, [secretTitle]);
      expect(text).not.toMatch(/^set-cookie/im);
    }
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

function statusOf(response: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(response)?.[1] ?? Number.NaN);
}

function bodyOf(response: string): string {
  return response.slice(response.indexOf('\r\n\r\n') + 4);
}
