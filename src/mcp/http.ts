import { createMcpHandler } from '@modelcontextprotocol/server';
import { createClient } from '../sdk/index.js';
import { HeldRuns } from './held-runs.js';
import { createToolServer } from './server.js';
import type { ToolSession } from './tool.js';

/** The MCP server behind an HTTP route. */
export interface McpEndpoint {
  /** Answers one request. The tools call the API with the key of the caller. */
  answer(request: Request, apiKey: string): Promise<Response>;
  /** Ends the calls that wait. The leases go on: another process, or this one after a restart, may serve the clients. */
  stop(): Promise<void>;
}

/** A process that stops renews nothing, and its clients need time to reach another one. */
const LEASE_SECONDS = 600;

/** Requests are the only sign of life: a client has no connection of its own. */
const IDLE_MS = 900_000;

/** Sessions without runs are dropped above this number. */
const MAX_EMPTY_SESSIONS = 1_000;

/**
 * Creates the endpoint. It keeps no state that a client needs, so that each request may go to another process.
 *
 * @param url - the address of the API, which is this process.
 */
export function createMcpEndpoint(url: string): McpEndpoint {
  const sessions = new Map<string, ToolSession>();
  const ending = new AbortController();

  function sessionOf(apiKey: string): ToolSession {
    const found = sessions.get(apiKey);
    if (found) return found;
    if (sessions.size >= MAX_EMPTY_SESSIONS)
      for (const [key, { held }] of sessions) if (held.isEmpty) sessions.delete(key);
    const client = createClient({ url, apiKey, name: 'mcp' });
    const held = new HeldRuns({ client, leaseSeconds: LEASE_SECONDS, idleMs: IDLE_MS });
    const session = { client, held, ending: ending.signal };
    sessions.set(apiKey, session);
    return session;
  }

  const handler = createMcpHandler(({ authInfo }) => createToolServer(sessionOf(authInfo?.token ?? '')));
  return {
    answer: (request, apiKey) =>
      handler.fetch(request, { authInfo: { token: apiKey, clientId: 'api-key', scopes: [] } }),
    async stop() {
      ending.abort(new Error('The server is stopping.'));
      await handler.close();
    },
  };
}
