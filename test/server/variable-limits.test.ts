import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findVariableFault } from '../../src/server/variable-limits.js';
import { goodKey, readAnswer, startTestServer, type TestServer } from '../support/servers/test-server.js';

const query = 'query($json: Json) { echo(json: $json) }';

function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}

describe('variables', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(() => server.stop());

  it.each([
    ['a NUL character', { a: [{ b: 'x\0' }] }, /U\+0000/],
    ['a NUL character in a name', { 'a\0': 1 }, /U\+0000/],
    ['half of a surrogate pair', { a: '\ud83e' }, /surrogate/],
    ['a hundred levels', nested(100), /nest too deeply/],
    ['a hundred thousand levels', '['.repeat(100_000) + ']'.repeat(100_000), /nest too deeply/],
  ])('with %s are refused, over every transport', async (_what, json, reason) => {
    const isText = typeof json === 'string';
    const body = isText
      ? `{"query":${JSON.stringify(query)},"variables":{"json":${json}}}`
      : { query, variables: { json } };
    const answer = await server.post(body, { accept: 'application/graphql-response+json' });
    expect(answer.status).toBe(400);
    expect(answer.json.errors).toMatchObject([
      { message: reason.source && expect.stringMatching(reason), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    const stream = await server.post(body, { accept: 'text/event-stream' });
    expect(stream.text).toContain('BAD_USER_INPUT');
    if (isText) return;
    const url = `${server.url}/graphql?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(JSON.stringify({ json }))}`;
    const headers = { authorization: `Bearer ${goodKey}` };
    const get = await readAnswer(await fetch(url, { headers }));
    expect(get.json.errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT');
  });

  it('may contain every valid JSON and Unicode value', async () => {
    const json = {
      'Zoë 🦊': ['\u0001\uffff', 1e308, -0.5, null, true, {}],
      text: 'x'.repeat(500_000),
      deep: nested(60),
    };
    const answer = await server.post({ query, variables: { json } });
    expect(answer.json).toEqual({ data: { echo: json } });
  });
});

describe('the check of variables', () => {
  it.each([
    [undefined, 2, undefined],
    [{ a: { b: {} } }, 2, undefined],
    [{ a: { b: { c: {} } } }, 2, 'nest too deeply'],
    [[[[]]], 2, undefined],
    [[[[[]]]], 2, 'nest too deeply'],
  ])('finds in %j at depth %i: %s', (variables, maxDepth, fault) =>
    expect(findVariableFault(variables, maxDepth)).toBe(fault),
  );
});
