import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../support/servers/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

afterEach(() => {
  server.signals.length = 0;
});

const faults = () => server.signals.filter(({ name }) => name === 'graphql.fault');

describe('an internal error', () => {
  it.each([
    ['in a nullable field', '{ self { fault } }', { self: { fault: null } }],
    ['in a non-null field', '{ faultNonNull }', null],
    ['in a mutation', 'mutation { fault }', { fault: null }],
    ['in serialising a result', '{ badInt }', { badInt: null }],
    ['as a GraphQLError without a code', '{ uncoded }', { uncoded: null }],
  ])(
    '%s is masked and emitted once with its cause and the id of the request',
    async (_where, query, data) => {
      const { json, headers, text } = await server.post({ query });
      expect(json.data).toEqual(data);
      expect(json.errors).toHaveLength(1);
      const requestId = headers.get('x-request-id');
      expect(json.errors?.[0]?.message).toBe('Internal server error');
      expect(json.errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId });
      expect(text).not.toMatch(/secret|stack|node_modules/);
      expect(faults()).toEqual([expect.objectContaining({ level: 'error' })]);
      expect(faults()[0]?.facts).toMatchObject({ requestId, path: json.errors?.[0]?.path?.join('.') });
      expect(faults()[0]?.facts.error).toBeInstanceOf(Error);
    },
  );

  it('is logged with the thrown error and not with the one that GraphQL wraps around it', async () => {
    await server.post({ query: '{ fault }' });
    const error = faults()[0]?.facts.error as Error;
    expect(error.message).toBe('secret detail of the database');
    expect(error.cause).toEqual(new Error('deeper secret'));
  });

  it('shows no details in development either', async () => {
    vi.stubEnv('NODE_ENV', 'development');
    const development = await startTestServer();
    for (const accept of ['application/json', 'text/event-stream']) {
      const { text } = await development.post({ query: '{ fault self { faultNonNull } }' }, { accept });
      expect(text).toContain('Internal server error');
      expect(text).not.toMatch(/secret|stack|originalError|\.ts/);
    }
    await development.stop();
  });

  it('while a key is checked is a 500 that is logged once', async () => {
    const broken = await startTestServer({
      authenticate: () => Promise.reject(new Error('secret: the database is away')),
    });
    const { status, json, headers } = await broken.post({ query: '{ hello }' });
    expect(status).toBe(500);
    const requestId = headers.get('x-request-id');
    expect(json.errors?.[0]).toEqual({
      message: 'Internal server error',
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
    });
    expect(broken.signals.filter(({ name }) => name === 'graphql.fault')).toHaveLength(1);
    await broken.stop();
  });

  it.each(['application/json', 'text/event-stream'])(
    'in making the context is masked and emitted once (%s)',
    async (accept) => {
      const broken = await startTestServer({
        createContext: () => {
          throw new Error('secret: no context');
        },
      });
      const { text, headers } = await broken.post({ query: '{ hello }' }, { accept });
      const requestId = headers.get('x-request-id');
      expect(text).toContain(requestId);
      expect(text).not.toContain('secret');
      const found = broken.signals.filter(({ name }) => name === 'graphql.fault');
      expect(found.map(({ facts }) => facts.requestId)).toEqual([requestId]);
      await broken.stop();
    },
  );
});

describe('an error that the caller can act on', () => {
  it.each([
    ['a document that is not GraphQL', '{ hello', undefined, 'GRAPHQL_PARSE_FAILED'],
    ['a field that does not exist', '{ nothing }', undefined, 'GRAPHQL_VALIDATION_FAILED'],
    ['a literal of the wrong type', '{ number(value: "x") }', undefined, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a fragment within itself',
      '{ ...a } fragment a on Query { ...a }',
      undefined,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a variable of the wrong type', 'query($v: Int!) { number(value: $v) }', { v: 'x' }, 'BAD_USER_INPUT'],
    ['a missing variable', 'query($v: Int!) { number(value: $v) }', {}, 'BAD_USER_INPUT'],
    [
      'a variable that its scalar refuses',
      'query($v: Even!) { even(value: $v) }',
      { v: 3 },
      'BAD_USER_INPUT',
    ],
    [
      'an enum value that is none',
      'query($v: Colour!) { paint(colour: $v) }',
      { v: 'BLUE' },
      'BAD_USER_INPUT',
    ],
    ['an operation that is not named', 'query a { hello } query b { hello }', undefined, 'BAD_USER_INPUT'],
    [
      'a subscription to nothing',
      'subscription { ticks @include(if: false) }',
      undefined,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'a subscription to nothing by a variable',
      'subscription ($no: Boolean!) { ...a } fragment a on Subscription { ... @include(if: $no) { ticks } }',
      { no: false },
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'a list of more than fifty wrong values',
      'query ($v: [Int!]!) { numbers(values: $v) }',
      { v: Array.from({ length: 60 }, () => ({})) },
      'BAD_USER_INPUT',
    ],
    [
      'a subscription with more than fifty wrong values',
      'subscription ($v: [Int!]) { ticks(counts: $v) }',
      { v: Array.from({ length: 60 }, () => ({})) },
      'BAD_USER_INPUT',
    ],
  ])('%s is refused as GraphQL over HTTP specifies', async (_what, query, variables, code) => {
    const accept = 'application/graphql-response+json';
    const accepts = query.startsWith('subscription') ? `${accept}, text/event-stream` : accept;
    const { status, json } = await server.post({ query, variables }, { accept: accepts });
    expect({ status, code: json.errors?.[0]?.extensions?.code }).toEqual({ status: 400, code });
    expect(json).not.toHaveProperty('data');
    expect(faults()).toEqual([]);
  });

  it('says that the name of an operation is empty', async () => {
    const { status, json } = await server.post({ query: '{ hello }', operationName: '' });
    expect([status, json.errors?.[0]?.extensions]).toEqual([400, { code: 'BAD_USER_INPUT' }]);
    expect(json.errors?.[0]?.message).toContain('"operationName" is empty');
  });

  it('quotes only a part of a very long variable', async () => {
    const query = 'query($v: Int!) { number(value: $v) }';
    const { json } = await server.post({ query, variables: { v: 'x'.repeat(100_000) } });
    expect(json.errors?.[0]?.message).toMatch(/^Variable "\$v" got invalid value "x/);
    expect(json.errors?.[0]?.message.length).toBeLessThan(1_100);
  });

  it('keeps its message and code, and the status of a field error', async () => {
    const { status, json } = await server.post({ query: '{ refused hello }' });
    expect(status).toBe(200);
    expect(json.data).toEqual({ refused: null, hello: 'Hello world' });
    expect(json.errors).toMatchObject([
      { message: 'Not yours', path: ['refused'], extensions: { code: 'FORBIDDEN' } },
    ]);
    expect(faults()).toEqual([]);
  });

  it('has code BAD_USER_INPUT for a null that is found only during execution', async () => {
    const query = 'query($v: Int = 1) { number(value: $v) }';
    const { json } = await server.post({ query, variables: { v: null } });
    expect(json.errors).toMatchObject([{ path: ['number'], extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(faults()).toEqual([]);
  });

  it('asks to try again later if the server is unavailable', async () => {
    const { status, headers, json } = await server.post({ query: '{ unavailable }' });
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('1');
    expect(json.errors).toMatchObject([
      { message: 'The server is stopping', extensions: { code: 'UNAVAILABLE' } },
    ]);
    expect(faults()).toEqual([]);
  });
});
