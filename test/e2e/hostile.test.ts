import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSql } from '../support/postgres/throw-away-postgres.js';
import { type AttackedServer, secretTitle, startAttackedServer } from '../support/servers/attacked-server.js';
import { bearer, post } from '../support/servers/client.js';
import { createKey, revokeKey } from '../support/servers/fleet.js';
import { codesIn, expectHarmless } from '../support/wires/expect-harmless.js';

let besieged: AttackedServer;

beforeAll(async () => {
  besieged = await startAttackedServer();
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

describe('a document that', () => {
  const nested = (depth: number) =>
    `{ tasks { nodes ${'{ runs { nodes { task '.repeat(depth)} { id } ${'} } }'.repeat(depth)} } }`;
  const filters = (depth: number) =>
    `{ tasks(filter: ${'{ not: '.repeat(depth)}{}${' }'.repeat(depth)}) { totalCount } }`;
  const doubling = Array.from(
    { length: 40 },
    (_, index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`,
  );
  const aliases = (count: number) =>
    Array.from({ length: count }, (_, index) => `a${index}: viewer { role }`).join(' ');
  const typeChain = `${'{ fields { type '.repeat(30)}{ name }${' } }'.repeat(30)}`;

  it.each<[string, string, string]>([
    ['nests its fields 100 levels', nested(33), 'QUERY_TOO_COMPLEX'],
    ['nests its fields 1,500 levels', nested(500), 'QUERY_TOO_COMPLEX'],
    ['is 100,000 braces', '{'.repeat(100_000), 'GRAPHQL_PARSE_FAILED'],
    ['is 100,000 brackets', `{ nodes(ids: ${'['.repeat(100_000)}`, 'QUERY_TOO_COMPLEX'],
    ['nests its input 1,000 levels', filters(1_000), 'QUERY_TOO_COMPLEX'],
    ['nests its input 30 levels', filters(30), 'BAD_USER_INPUT'],
    ['selects 3,000 fields', `{ ${'viewer '.repeat(3_000)} }`, 'QUERY_TOO_COMPLEX'],
    ['has 10,000 aliases', `{ ${aliases(10_000)} }`, 'QUERY_TOO_COMPLEX'],
    ['has 200 aliases', `{ ${aliases(200)} }`, 'QUERY_TOO_COMPLEX'],
    [
      'spreads a fragment within itself',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'doubles itself 40 times by fragments',
      `{ ...F0 } ${doubling.join(' ')} fragment F40 on Query { viewer { role } }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'asks for 100 pages of 100',
      '{ tasks(first: 100) { nodes { events(first: 100) { nodes { id type at } } runs(first: 100) { nodes { id } } } } }',
      'QUERY_TOO_COMPLEX',
    ],
    [
      'has 1,000 directives',
      `{ viewer ${'@include(if: true) '.repeat(1_000)} { role } }`,
      'QUERY_TOO_COMPLEX',
    ],
    ['repeats itself in its introspection', `{ __schema { types ${typeChain} } }`, 'QUERY_TOO_COMPLEX'],
    [
      'holds a text of 300,000 characters',
      `{ task(ref: { ref: "${'x'.repeat(300_000)}" }) { id } }`,
      'QUERY_TOO_COMPLEX',
    ],
    ['is empty', '', 'GRAPHQL_PARSE_FAILED'],
    ['is a comment', '# nothing', 'GRAPHQL_PARSE_FAILED'],
    ['is not GraphQL', "'; DROP TABLE tasks; --", 'GRAPHQL_PARSE_FAILED'],
    ['contains NUL between its words', '{ viewer \0 { role } }', 'GRAPHQL_PARSE_FAILED'],
    ['contains NUL in a text', '{ task(ref: { ref: "a\\u0000b" }) { id } }', 'BAD_USER_INPUT'],
    ['holds half a surrogate pair', '{ task(ref: { ref: "\\ud800" }) { id } }', 'GRAPHQL_PARSE_FAILED'],
    ['only defines a fragment', 'fragment A on Query { viewer { role } }', 'BAD_USER_INPUT'],
    ['asks for what does not exist', '{ passwords users { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['gives an argument twice', '{ tasks(first: 1, first: 2) { totalCount } }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'uses a variable that it does not declare',
      '{ tasks(first: $n) { totalCount } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['defines a type', 'type Query { a: Int }', 'BAD_USER_INPUT'],
    ['uses @defer', '{ ... @defer { viewer { role } } }', 'GRAPHQL_VALIDATION_FAILED'],
  ])('%s is refused', async (_case, query, code) => {
    for (const client of [besieged.clients.ADMIN, besieged.clients.AGENT]) {
      const answer = await client.send(query);
      expectHarmless(answer);
      expect(codesIn(answer)).toEqual([code]);
      expect(answer.data ?? null).toBeNull();
    }
  });

  it.each(['Nobody', '', ' ', '__proto__', 'a'.repeat(200), '💥'])(
    'has no operation %j is refused',
    async (operationName) => {
      const query = 'query A { viewer { role } } query B { viewer { role } }';
      const { admin } = besieged;
      const answer = await post(`${admin.url()}/graphql`, { query, operationName }, bearer(admin.secret));
      expectHarmless(answer);
      expect(codesIn(answer)).toEqual(['BAD_USER_INPUT']);
    },
  );

  it('is an introspection query is answered for every role', async () => {
    for (const client of Object.values(besieged.clients)) {
      const answer = await client.send(getIntrospectionQuery());
      expectHarmless(answer);
      expect(Object.keys(answer.data?.__schema ?? {})).toContain('types');
    }
  });
});

describe('a revoked key', () => {
  it('gets 401 for every request', async () => {
    const { admin, secretTask } = besieged;
    const revoked = await createKey(admin, { name: 'revoked', role: 'ADMIN' });
    await revokeKey(admin, revoked.id);
    const expired = await createKey(admin, { name: 'expired', role: 'ADMIN' });
    await runSql(besieged.databaseUrl, `UPDATE api_keys SET expires_at = now() WHERE id = '${expired.id}'`);
    for (const { secret } of [revoked, expired]) {
      for (const query of [
        '{ viewer { role } }',
        '{',
        `{ task(ref: { id: "${secretTask.id}" }) { title } }`,
      ]) {
        const answer = await admin.with(secret).send(query);
        expectHarmless(answer, [secretTitle]);
        expect([answer.status, codesIn(answer)]).toEqual([401, ['UNAUTHENTICATED']]);
      }
    }
  });
});
