import { GraphQLError, getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseWithinLimits } from '../../../src/server/graphql/document-limits.js';
import { serverLimits } from '../../../src/server/limits.js';
import { startTestServer, type TestServer } from '../../support/servers/test-server.js';

const limits = {
  ...serverLimits,
  maxDepth: 3,
  maxIntrospectionDepth: 4,
  maxRootFields: 4,
  maxFields: 6,
  maxAliases: 2,
  maxDirectives: 2,
};

function verdict(document: string, own: Partial<typeof limits> = {}): string {
  try {
    parseWithinLimits(document, { ...limits, ...own });
    return 'ok';
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    expect(error.extensions.http).toEqual({ status: 400, spec: true });
    return `${error.extensions.code}: ${error.message}`;
  }
}

function nest(open: string, times: number, inner: string, close: string): string {
  return open.repeat(times) + inner + close.repeat(times);
}

describe('a document', () => {
  it.each([
    ['{ a { b { c } } }', 'ok'],
    ['{ a { b { c { d } } } }', 'QUERY_TOO_COMPLEX: The document nests deeper than 3 levels.'],
    ['{ a { ... { b { ... on T { c } } } } }', 'ok'],
    [
      '{ a { ...f } } fragment f on T { b { ...g } } fragment g on T { c { d } }',
      'QUERY_TOO_COMPLEX: The document nests deeper than 3 levels.',
    ],
    ['{ a } fragment unused on T { a { b { c { d } } } }', 'ok'],
    [
      '{ a } fragment unused on T { a b c d e f g }',
      'QUERY_TOO_COMPLEX: The document selects more than 6 fields.',
    ],
    [
      'query x { a } query y { a { b { c { d } } } }',
      'QUERY_TOO_COMPLEX: The document nests deeper than 3 levels.',
    ],
    ['{ a b c d }', 'ok'],
    ['{ a b c d e }', 'QUERY_TOO_COMPLEX: The document selects more than 4 fields at its root.'],
    [
      '{ ...f ...f } fragment f on Query { a ... { b c } }',
      'QUERY_TOO_COMPLEX: The document selects more than 4 fields at its root.',
    ],
    ['{ a { b c d e f g } }', 'QUERY_TOO_COMPLEX: The document selects more than 6 fields.'],
    [
      '{ a { ...f } b { ...f } } fragment f on T { c d e }',
      'QUERY_TOO_COMPLEX: The document selects more than 6 fields.',
    ],
    ['{ x: a y: a }', 'ok'],
    ['{ x: a y: a z: a }', 'QUERY_TOO_COMPLEX: The document has more than 2 aliases.'],
    [
      '{ ...f ...f } fragment f on Query { x: a { y: b } }',
      'QUERY_TOO_COMPLEX: The document has more than 2 aliases.',
    ],
    ['{ a @x b @x @y }', 'QUERY_TOO_COMPLEX: The document has more than 2 directives.'],
    ['query @x @y @z { a }', 'QUERY_TOO_COMPLEX: The document has more than 2 directives.'],
    [
      '{ ...f @x ... @y { a @z } } fragment f on Query { a }',
      'QUERY_TOO_COMPLEX: The document has more than 2 directives.',
    ],
    ['{ __schema { a } x: __schema { b } }', 'ok'],
    [
      '{ __schema { a } ...f ...f } fragment f on Query { x: __schema { a } }',
      'QUERY_TOO_COMPLEX: The document selects __schema more than 2 times.',
    ],
    ['{ __schema { a { b { c } } } }', 'ok'],
    [
      '{ __schema { a { b { c { d } } } } }',
      'QUERY_TOO_COMPLEX: The document nests its introspection deeper than 4 levels.',
    ],
    ['{ __type { ...f } } fragment f on T { a { b { c } } }', 'ok'],
    [
      '{ __type { ...f } } fragment f on T { a { b { c { d } } } }',
      'QUERY_TOO_COMPLEX: The document nests its introspection deeper than 4 levels.',
    ],
    ['{ a(b: "x\\u0000y") }', 'BAD_USER_INPUT: A text contains U+0000, which cannot be stored.'],
    ['{ a(b: """x\0y""") }', 'BAD_USER_INPUT: A text contains U+0000, which cannot be stored.'],
    ['{ a(b: {c: ["x\\u{0}"]}) }', 'BAD_USER_INPUT: A text contains U+0000, which cannot be stored.'],
    ['{', 'GRAPHQL_PARSE_FAILED: Syntax Error: Expected Name, found <EOF>.'],
    ['', 'GRAPHQL_PARSE_FAILED: Syntax Error: Unexpected <EOF>.'],
  ])('%s: %s', (document, expected) => expect(verdict(document)).toBe(expected));

  it('is first refused for its length and its number of tokens', () => {
    expect(verdict(`{ a(b: "${'x'.repeat(100)}") }`, { maxDocumentLength: 99 })).toBe(
      'QUERY_TOO_COMPLEX: The document is longer than 99 characters.',
    );
    expect(verdict('{ a a a a a a a }', { maxDocumentTokens: 5 })).toBe(
      'QUERY_TOO_COMPLEX: The document has more than 5 tokens.',
    );
  });

  it.each([
    ['lists', `{ echo(json: ${nest('[', 1_900, '1', ']')}) }`],
    ['lists, less deep', `{ echo(json: ${nest('[', 300, '1', ']')}) }`],
    ['input objects', `{ echo(json: ${nest('{a:', 900, '1', '}')}) }`],
    ['types', `query($a: ${nest('[', 1_900, 'Json', ']')}) { hello }`],
    ['inline fragments', nest('{ ... ', 1_200, '{ hello }', '}')],
    ['fields of a fragment', `{ hello } fragment f on Query ${nest('{ self ', 150, '{ hello }', '}')}`],
  ])('with %s nested too deeply is refused', (_what, document) => {
    expect(verdict(document, serverLimits)).toMatch(
      /^QUERY_TOO_COMPLEX: The document nests (too deeply|its syntax)/,
    );
  });

  it('with a chain of forty fragments, each using the next one twice, is measured fast', () => {
    const fragments = Array.from(
      { length: 40 },
      (_, n) => `fragment f${n} on Q { ...f${n + 1} ...f${n + 1} }`,
    );
    const document = `{ x { ...f0 } } ${fragments.join(' ')} fragment f40 on Q { a }`;
    expect(verdict(document)).toMatch(/QUERY_TOO_COMPLEX: The document selects more than 6 fields/);
  });

  it('with cyclic fragments is left to validation', () => {
    expect(verdict('{ ...a } fragment a on Q { ...b } fragment b on Q { x ...a }')).toBe('ok');
  });
});

describe('the default limits', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(() => server.stop());

  it('allow the standard introspection queries', async () => {
    const whole = {
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    };
    for (const options of [{}, whole]) {
      const { json } = await server.post({ query: getIntrospectionQuery(options) });
      expect(json.errors).toBeUndefined();
      expect(json.data).toHaveProperty('__schema.types');
    }
  });

  it.each([
    ['deep', `{ ${'self { '.repeat(15)} hello ${'}'.repeat(15)} }`],
    ['wide', `{ ${'hello '.repeat(51)} }`],
    ['aliased', `{ ${Array.from({ length: 51 }, (_, n) => `a${n}: hello`).join(' ')} }`],
    ['full of directives', `{ hello ${'@skip(if: false) '.repeat(51)} }`],
    ['full of tokens', `{ hello(name: "x") ${'hello '.repeat(5_000)} }`],
    ['repeating one field', `{ self { ${'hello '.repeat(501)} } }`],
    [
      'asking for fields within each other over and over',
      `{ list(size: 1) { ${'item { '.repeat(20)} id ${'}'.repeat(20)} } }`,
    ],
  ])('refuse a document that is %s, over every transport', async (_what, query) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const { text } = await server.post({ query }, { accept });
      expect(text).toContain('QUERY_TOO_COMPLEX');
      expect(text).not.toContain('"data":');
    }
  });

  it('refuse introspection that repeats itself without end', async () => {
    const query =
      '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }';
    const { json } = await server.post({ query });
    expect(json.errors?.[0]?.message).toMatch(/introspection/i);
  });
});
