import { GraphQLScalarType } from 'graphql';
import { createSchema } from 'graphql-yoga';
import { describe, expect, it } from 'vitest';
import { schema as wholeSchema } from '../../support/graphql/graph.js';
import { goodKey, readAnswer, type TestServer } from '../../support/servers/test-server.js';
import { useSocketServer } from '../../support/servers/use-socket-server.js';

const jsonObject = wholeSchema.getType('JSONObject');
if (!(jsonObject instanceof GraphQLScalarType)) throw new Error('The schema has no JSONObject.');

const typeDefs = /* GraphQL */ `
  scalar JSONObject
  input Note { text: String facts: JSONObject inner: [Note!] }
  type Query { keep(facts: JSONObject note: Note notes: [Note!] cost: Float): String! }
  type Subscription { keep(facts: JSONObject): String! }
`;

async function* once(_root: unknown, args: unknown) {
  yield JSON.stringify(args);
}

const schema = createSchema({
  typeDefs,
  resolvers: {
    JSONObject: jsonObject,
    Query: { keep: (_root, args) => JSON.stringify(args) },
    Subscription: { keep: { subscribe: once, resolve: (args: string) => args } },
  },
});

let server: TestServer;
const { connectWithKey } = useSocketServer({ schema }, (started) => {
  server = started;
});

const QUERY = 'query ($facts: JSONObject) { keep(facts: $facts) }';

const post = (query: string, variables: string) =>
  server.post(`{"query": ${JSON.stringify(query)}, "variables": ${variables}}`);

/** Sends the number in every way that a JSON object can take. */
const WAYS: Record<string, (number: string) => Promise<string>> = {
  'a variable of a POST': async (number) => (await post(QUERY, `{"facts": {"a": [${number}]}}`)).text,
  'a variable of a GET': async (number) => {
    const search = new URLSearchParams({ query: QUERY, variables: `{"facts": {"a": [${number}]}}` });
    const headers = { authorization: `Bearer ${goodKey}` };
    return (await readAnswer(await fetch(`${server.url}/graphql?${search}`, { headers }))).text;
  },
  'a variable over SSE': async (number) => {
    const subscription = QUERY.replace('query', 'subscription');
    const body = `{"query": ${JSON.stringify(subscription)}, "variables": {"facts": {"a": [${number}]}}}`;
    return (await server.post(body, { accept: 'text/event-stream' })).text;
  },
  'a variable over a WebSocket': async (number) => {
    const socket = await connectWithKey();
    const query = JSON.stringify(QUERY);
    socket.send(
      `{"id":"1","type":"subscribe","payload":{"query":${query},"variables":{"facts":{"a":[${number}]}}}}`,
    );
    await expect.poll(() => socket.of('1').at(-1)?.type).toMatch(/error|complete/);
    return JSON.stringify(socket.of('1'));
  },
  'a literal of the document': async (number) =>
    (await server.post({ query: `{ keep(facts: {a: [${number}]}) }` })).text,
  'the default of a variable': async (number) =>
    (await server.post({ query: `query ($facts: JSONObject = {a: [${number}]}) { keep(facts: $facts) }` }))
      .text,
  'a variable of the type Float within a literal': async (number) =>
    (await post('query ($n: Float) { keep(facts: {a: [$n]}) }', `{"n": ${number}}`)).text,
  'a variable of an input type': async (number) =>
    (
      await post(
        'query ($notes: [Note!]) { keep(notes: $notes) }',
        `{"notes": {"inner": [{"text": "${number}", "facts": {"a": [${number}]}}]}}`,
      )
    ).text,
};

describe.each(Object.entries(WAYS))('a number of a JSON object in %s', (_way, send) => {
  it.each([
    '0.1234567890123456789',
    '1e-400',
    '-1.5e-330',
    '4e-324',
    '4503599627370497.3',
    '0.30000000000000001',
    '1.00000000000000000000001',
    '123456789012345678e-3',
  ])('is refused and named if it would be rounded: %s', async (number) => {
    const answer = await send(number);
    expect(answer).toContain(`${number}, which would be rounded to ${Number(number)}: send it as a string.`);
    expect(answer).toContain('"code":"BAD_USER_INPUT"');
  });

  it.each([
    '0.1',
    '1.10',
    '1e3',
    '1.0',
    '0.30000000000000004',
    '5e-324',
    '9007199254740991',
    '0.000000000000000000000000000000000',
    '0e-999',
    '100000000000000.500000',
    '12345678901234500000e-10',
  ])('is kept if it keeps its value: %s', async (number) => {
    const answer = await send(number);
    expect(answer).toContain(JSON.stringify(JSON.stringify([Number(number)])).slice(1, -1));
    expect(answer).not.toContain('errors');
  });
});

describe('a rounded number outside of JSON objects', () => {
  it('is accepted where the type is Float, because such a number is an approximation', async () => {
    const { json } = await post(
      'query ($cost: Float, $facts: JSONObject) { keep(cost: $cost, facts: $facts) }',
      '{"cost": 0.30000000000000001, "facts": {"a": "0.30000000000000001"}}',
    );
    expect(json.data).toEqual({ keep: '{"facts":{"a":"0.30000000000000001"},"cost":0.3}' });
  });

  it('is accepted in members and variables that the document does not use', async () => {
    const body = `{"query": "{ keep }", "variables": {"x": 1e-400}, "other": 1e-400}`;
    expect((await server.post(body)).json).toEqual({ data: { keep: '{}' } });
  });

  it('does not hide in texts with quotes, escapes and numbers', async () => {
    const facts = { a: 'say "1e-400"\\', '1e-400': '\\"0.12345678901234567891', b: [] };
    const { json } = await post(QUERY, JSON.stringify({ facts }));
    expect(json.data).toEqual({ keep: JSON.stringify({ facts }) });
    const { text } = await post(QUERY, JSON.stringify({ facts }).replace('[]', '[0.12345678901234567891]'));
    expect(text).toContain('The variable \\"$facts.b.0\\" is 0.12345678901234567891');
  });

  it('is found in little time, however long it is', async () => {
    const number = `0.1${'0'.repeat(500_000)}1`;
    const { text } = await post(QUERY, `{"facts": {"a": ${number}}}`);
    expect(text).toContain(`${number.slice(0, 60)}…, which would be rounded to 0.1: send it as a string.`);
  }, 5_000);

  it('costs no stack and little time in variables that nest deeply or are used often', async () => {
    const deep = `${'['.repeat(100_000)}1e-400${']'.repeat(100_000)}`;
    const { json } = await post(QUERY, `{"facts": {"a": ${deep}}}`);
    expect(json.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
    const uses = Array.from({ length: 30 }, (_, n) => `a${n}: keep(facts: {a: $facts})`).join(' ');
    const large = `[${'1, '.repeat(200_000)}1]`;
    const { text } = await post(
      `query ($facts: JSONObject) { ${uses} }`,
      `{"facts": {"b": ${large}, "c": 1e-400}}`,
    );
    expect(text).toContain('$facts.c');
  }, 5_000);

  it('costs no stack: a text of many escapes beside it is read', async () => {
    const text = '\\"'.repeat(200_000);
    const { json } = await post(
      'query ($t: String) { keep(note: {text: $t}) }',
      `{"t": "${text}", "x": 1e-400}`,
    );
    expect(JSON.stringify(json).length).toBeGreaterThan(200_000);
  });
});
