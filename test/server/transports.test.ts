import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createErrorPresenter } from '../../src/server/error-presenter.js';
import { createYogaServer, type Yoga } from '../../src/server/graphql/yoga.js';
import { chooseJsonType } from '../../src/server/http/media-type.js';
import { serverLimits } from '../../src/server/limits.js';
import { readAnswer, startTestServer, type TestServer } from '../support/servers/test-server.js';
import { createSmallSchema } from '../support/wires/small-schema.js';

let server: TestServer;
let yoga: Yoga;

beforeAll(async () => {
  server = await startTestServer();
  yoga = createYogaServer({
    schema: createSmallSchema({ log: [], given: 0, release: () => undefined }),
    createContext: (scope) => ({ ...scope }),
    presenter: createErrorPresenter(createInstrument()),
    subscribe: () => Promise.reject(new Error('nothing here subscribes')),
    limits: serverLimits,
  });
});

afterAll(() => server.stop());

const requests: [string, { query: string; operationName?: string; variables?: Record<string, unknown> }][] = [
  ['a query', { query: '{ hello }' }],
  ['variables', { query: 'query($n: String) { hello(name: $n) }', variables: { n: 'you' } }],
  ['a named operation', { query: 'query a { hello } query b { whoAmI }', operationName: 'b' }],
  ['several operations and no name', { query: 'query a { hello } query b { whoAmI }' }],
  ['an unknown operation name', { query: 'query a { hello }', operationName: 'c' }],
  ['a mutation', { query: 'mutation { rename(name: "x") }' }],
  ['fragments', { query: '{ ...a } fragment a on Query { hello }' }],
  ['a document that cannot be parsed', { query: '{ hello' }],
  ['an empty document', { query: '' }],
  ['an unknown field', { query: '{ nothing hello }' }],
  ['a fault', { query: '{ fault hello }' }],
  ['a fault in a non-null field', { query: '{ faultNonNull }' }],
  ['a refusal', { query: '{ refused hello }' }],
  ['unavailability', { query: '{ unavailable }' }],
  ['a result that cannot be serialised', { query: '{ badInt }' }],
  ['a bad variable', { query: 'query($v: Int!) { number(value: $v) }', variables: { v: 'x' } }],
  ['a bad null', { query: 'query($v: Int = 1) { number(value: $v) }', variables: { v: null as unknown } }],
  ['an unused variable', { query: 'query($v: Int) { hello }' }],
  ['a query that is too deep', { query: `{ ${'self { '.repeat(15)} hello ${'}'.repeat(15)} }` }],
  ['a NUL character', { query: 'query($n: String) { hello(name: $n) }', variables: { n: '\0' } }],
  ['introspection', { query: '{ __schema { queryType { name } } __typename }' }],
];

const accepts = [
  'application/json',
  'application/graphql-response+json',
  '*/*',
  'application/graphql-response+json, application/json;q=0.9',
];

describe.each(accepts)('the short way and yoga answer alike, asked for %s', (accept) => {
  it.each(requests)('with %s', async (_what, body) => {
    const short = await server.post(body, { accept, 'x-request-id': 'req-1' });
    const whole = await readAnswer(await askYoga(body, accept));
    expect(answerOf(short)).toEqual(answerOf(whole));
  });
});

describe('an Accept header', () => {
  const headers = [
    undefined,
    '',
    '*/*',
    'application/*',
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=utf-16',
    'application/graphql-response+json',
    'application/json, application/graphql-response+json',
    'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
    'text/html',
    'text/html, */*',
    'image/*',
    ',',
    ';;',
    'application/json;q=0, */*',
  ];

  it.each(headers)('"%s" selects the same type as in yoga', async (accept) => {
    const response = await askYoga({ query: '{ hello }' }, accept);
    const type = response.headers.get('content-type')?.split(';')[0];
    expect(chooseJsonType(accept)).toBe(response.status === 406 ? undefined : type);
  });
});

function askYoga(body: object, accept: string | undefined) {
  const viewer = { keyId: 'key_1', role: 'ADMIN', agentId: null } as const;
  const scope = { viewer, requestId: 'req-1', signal: new AbortController().signal };
  const headers = { 'content-type': 'application/json', ...(accept === undefined ? {} : { accept }) };
  return yoga.fetch(
    'http://localhost/graphql',
    { method: 'POST', headers, body: JSON.stringify(body) },
    scope,
  );
}

function answerOf({ status, headers, json }: Awaited<ReturnType<typeof readAnswer>>) {
  // The message for an unknown operation differs: it says more than yoga's.
  const errors = json.errors?.map(({ message, ...rest }) =>
    /operation/.test(message) ? rest : { message, ...rest },
  );
  return {
    status,
    type: headers.get('content-type'),
    retryAfter: headers.get('retry-after'),
    data: json.data,
    errors,
  };
}
