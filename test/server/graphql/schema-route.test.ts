import { buildSchema as parseSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSchema } from '../../../src/graphql/schema.js';
import { printSortedSchema } from '../../../src/graphql/schema-text.js';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';

const schema = buildSchema();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ schema });
});

afterAll(() => server.stop());

const get = (headers: Record<string, string>, method = 'GET') =>
  fetch(`${server.url}/graphql/schema.graphql`, { method, headers });

describe('GET /graphql/schema.graphql', () => {
  it('serves the schema with a key, and keeps @oneOf', async () => {
    const response = await get({ authorization: `Bearer ${goodKey}` });
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const text = await response.text();
    expect(text).toBe(printSortedSchema(schema));
    expect(parseSchema(text).getType('AgentRef')).toMatchObject({ isOneOf: true });
  });

  it('refuses a request without a key, as introspection does', async () => {
    expect((await get({})).status).toBe(401);
  });

  it('allows reads only', async () => {
    const response = await get({ authorization: `Bearer ${goodKey}` }, 'POST');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });
});
