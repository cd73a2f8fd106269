import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstrument } from '../../../src/kernel/instrument.js';
import { createErrorPresenter } from '../../../src/server/error-presenter.js';
import { createExecution } from '../../../src/server/graphql/execution.js';
import { createYogaServer, type Yoga } from '../../../src/server/graphql/yoga.js';
import { acceptsEventStream, chooseJsonType } from '../../../src/server/http/media-type.js';
import { serverLimits } from '../../../src/server/limits.js';
import { readAnswer, startTestServer, type TestServer } from '../../support/servers/test-server.js';
import { createSmallSchema } from '../../support/wires/small-schema.js';

let server: TestServer;
let yoga: Yoga;

beforeAll(async () => {
  server = await startTestServer();
  const presenter = createErrorPresenter(createInstrument());
  yoga = createYogaServer({
    schema: createSmallSchema({ log: [], given: 0, release: () => undefined }),
    createContext: (scope) => ({ ...scope }),
    presenter,
    limits: serverLimits,
    execute: createExecution(presenter, serverLimits),
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
  const plain = 'application/json';
  const full = 'application/graphql-response+json';

  it.each([
    [undefined, plain],
    ['', plain],
    ['*/*', plain],
    ['application/*', plain],
    ['APPLICATION/JSON', plain],
    ['application/json; charset=utf-8', plain],
    ['application/json;charset=utf-16', undefined],
    [full, full],
    [`${plain}, ${full}`, plain],
    [`${full}, application/graphql+json, ${plain}, text/event-stream, multipart/mixed`, full],
    [`${plain};q=0.5, ${full}`, full],
    [`${full};q=0.9, ${plain};q=0.8`, full],
    [`${full};q=0.1, */*`, plain],
    [`${plain};q=0, */*`, full],
    [`${plain};q=0`, undefined],
    [`${plain};q=0, ${full};q=0.0`, undefined],
    [`*/*;q=0`, undefined],
    [`application/*;q=0, ${full};q=0.001`, full],
    [`${plain};q=much`, plain],
    ['text/html', undefined],
    ['text/html, */*', plain],
    ['image/*', undefined],
    [',', undefined],
    [';;', undefined],
  ])('"%s" asks for %s', (accept, expected) => expect(chooseJsonType(accept)).toBe(expected));

  it.each([
    [undefined, true],
    ['text/event-stream', true],
    ['text/*', true],
    ['application/json, */*;q=0.1', true],
    ['text/event-stream;q=0', false],
    ['text/event-stream;q=0, */*', false],
    ['application/json', false],
  ])('"%s" allows an event stream: %s', (accept, expected) =>
    expect(acceptsEventStream(accept)).toBe(expected),
  );

  it.each(['text/html', 'application/json;q=0', 'multipart/mixed'])(
    'that allows no type of an answer, such as "%s", is refused with a body, and nothing is run',
    async (accept) => {
      const { status, json, headers } = await server.post({ query: '{ waits }' }, { accept });
      expect([status, json.errors?.[0]?.extensions]).toEqual([406, { code: 'NOT_ACCEPTABLE' }]);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(server.ticks.log).toEqual([]);
    },
  );
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
