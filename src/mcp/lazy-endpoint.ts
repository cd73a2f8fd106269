import type { McpEndpoint } from './http.js';

/**
 * The endpoint of MCP, which is loaded with its first request: most servers start without clients of MCP.
 *
 * @param url - the address of the API; called with the first request.
 */
export function createLazyMcpEndpoint(url: () => string): McpEndpoint {
  let endpoint: Promise<McpEndpoint> | undefined;
  const load = async () => (await import('./http.js')).createMcpEndpoint(url());
  return {
    async answer(request, apiKey) {
      endpoint ??= load();
      return (await endpoint).answer(request, apiKey);
    },
    stop: async () => (await endpoint)?.stop(),
  };
}
