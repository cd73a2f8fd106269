import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll } from 'vitest';
import { createMcpEndpoint, type EndpointLimits, type McpEndpoint } from '../../../src/mcp/http.js';

const endpoints: McpEndpoint[] = [];
afterAll(() => Promise.all(endpoints.map((endpoint) => endpoint.stop())));

/** An endpoint of this process with short times, which calls the API of a server. */
export function createEndpoint(url: string, limits: Partial<EndpointLimits> = {}): McpEndpoint {
  const endpoint = createMcpEndpoint(url, { renewMs: 50, ...limits });
  endpoints.push(endpoint);
  return endpoint;
}

/** The transport of a client whose requests go to each of some endpoints in turn, as behind a load balancer. */
export function inTurn(places: readonly McpEndpoint[], key: string): StreamableHTTPClientTransport {
  let turn = 0;
  return new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), {
    async fetch(url, init) {
      const place = places[turn++ % places.length];
      if (place === undefined) throw new Error('there is no endpoint');
      return place.answer(new Request(url, init), key);
    },
  });
}
