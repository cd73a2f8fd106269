import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUERY_LIMITS } from '../../../src/graphql/base/complexity.js';
import { type Graph, openGraph, schema } from '../../support/graphql/graph.js';
import { startTestServer, type TestServer } from '../../support/servers/test-server.js';

let graph: Graph;
let server: TestServer;

beforeAll(async () => {
  graph = await openGraph();
  const createContext = () => graph.contextFor(graph.services.admin);
  server = await startTestServer({ schema, createContext });
});

afterAll(async () => {
  await server.stop();
  await graph.close();
});

const query =
  'query a($first: Int!) { tasks(first: $first) { nodes { id title } } } query b { viewer { role } }';

describe('the cost of an operation', () => {
  it('is in the extensions of the answer if the request asks for it', async () => {
    const body = { query, operationName: 'a', variables: { first: 20 } };
    const { text } = await server.post(body, { 'x-query-cost': '1' });
    const { data, extensions } = JSON.parse(text);
    expect(data).toEqual({ tasks: { nodes: [] } });
    expect(extensions).toEqual({ cost: { complexity: 61, depth: 3, breadth: 4, limits: QUERY_LIMITS } });
  });

  it('is in the one answer of an event stream as well', async () => {
    const headers = { 'x-query-cost': '1', accept: 'text/event-stream' };
    const { text } = await server.post({ query, operationName: 'b' }, headers);
    const [, result] = /data: (\{.+\})/.exec(text) ?? [];
    expect(JSON.parse(result ?? '')).toMatchObject({
      data: { viewer: { role: 'ADMIN' } },
      extensions: { cost: { depth: 2, limits: QUERY_LIMITS } },
    });
  });

  it('is not in other answers', async () => {
    const { text } = await server.post({ query, operationName: 'b' });
    expect(JSON.parse(text)).not.toHaveProperty('extensions');
  });

  it('is told of a query that costs too much as well', async () => {
    const nested =
      '{ tasks(first: 100) { nodes { runs(first: 100) { nodes { id leaseExpiresAt agent { id name } } } } } }';
    const { text, json } = await server.post({ query: nested }, { 'x-query-cost': '1' });
    expect(json.errors?.[0]?.extensions?.code).toBe('QUERY_TOO_COMPLEX');
    expect(JSON.parse(text).extensions.cost.complexity).toBeGreaterThan(QUERY_LIMITS.complexity);
  });

  it('is missing where the variables are refused', async () => {
    const body = { query, operationName: 'a', variables: { first: 'x' } };
    const { text } = await server.post(body, { 'x-query-cost': '1' });
    expect(JSON.parse(text)).not.toHaveProperty('extensions');
  });
});
