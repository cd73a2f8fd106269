import { createMcpHandler, isInitializeRequest, isLegacyRequest } from '@modelcontextprotocol/server';
import { createClient } from '../sdk/index.js';
import { HeldRuns } from './held-runs.js';
import { HttpSessions, type McpRequest, type SessionLimits } from './http-sessions.js';
import { createToolServer } from './server.js';
import type { ToolSession } from './tool.js';

/** The MCP server behind an HTTP route. */
export interface McpEndpoint {
  /** Answers one request. The tools call the API with the key of the caller. */
  answer(request: Request, apiKey: string): Promise<Response>;
  /** Ends the calls that wait. The leases go on: another process, or this one after a restart, may serve the clients. */
  stop(): Promise<void>;
}

/** How long clients keep what they have claimed. */
export interface EndpointLimits extends SessionLimits {
  /** A process that stops renews nothing, and its clients need time to reach another one. */
  readonly leaseSeconds: number;
  /** How often leases are renewed. Default: a third of the lease. */
  readonly renewMs?: number;
}

const DEFAULT_LIMITS: EndpointLimits = {
  leaseSeconds: 600,
  idleMs: 900_000,
  withoutStreamMs: 60_000,
  maxSessions: 1_000,
};

/**
 * Creates the endpoint. A client of 2025-11-25 has a session. One of 2026-07-28 has none, and each of its requests may go to
 * another process: its runs are kept for its key.
 *
 * @param url - the address of the API, which is this process.
 */
export function createMcpEndpoint(url: string, given: Partial<EndpointLimits> = {}): McpEndpoint {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const { leaseSeconds, renewMs, idleMs, maxSessions } = limits;
  const ending = new AbortController();
  const openTools = (apiKey: string): ToolSession => {
    const client = createClient({ url, apiKey, name: 'mcp' });
    return { client, held: new HeldRuns({ client, leaseSeconds, renewMs, idleMs }), ending: ending.signal };
  };
  const sessions = new HttpSessions(limits, openTools);
  const byKey = createToolsByKey(maxSessions, openTools);
  const handler = createMcpHandler(({ authInfo, era }) =>
    createToolServer(byKey(authInfo?.token ?? ''), era),
  );

  async function answer(asked: McpRequest): Promise<Response> {
    const { request, apiKey, body } = asked;
    if (request.method !== 'POST' || (await isLegacyRequest(request, body))) {
      const id = request.headers.get('mcp-session-id');
      if (id !== null) return sessions.answer(id, asked);
      if (isInitializeRequest(body)) return sessions.begin(asked);
    }
    const authInfo = { token: apiKey, clientId: 'api-key', scopes: [] };
    return handler.fetch(request, { authInfo, ...(body !== undefined && { parsedBody: body }) });
  }

  return {
    answer: async (request, apiKey) => answer({ request, apiKey, body: await readJson(request) }),
    async stop() {
      ending.abort(new Error('The server is stopping.'));
      await sessions.stop();
      await handler.close();
    },
  };
}

/** The body of a request; undefined if it is no JSON, which the handlers answer with an error of the protocol. */
async function readJson(request: Request): Promise<unknown> {
  try {
    return request.method === 'POST' ? await request.clone().json() : undefined;
  } catch {
    return undefined;
  }
}

/** What clients without a session work with, one for each key. Those without runs are dropped above a number. */
function createToolsByKey(maxTools: number, openTools: (apiKey: string) => ToolSession) {
  const found = new Map<string, ToolSession>();
  return (apiKey: string): ToolSession => {
    const known = found.get(apiKey);
    if (known) return known;
    if (found.size >= maxTools) for (const [key, { held }] of found) if (held.isEmpty) found.delete(key);
    const opened = openTools(apiKey);
    found.set(apiKey, opened);
    return opened;
  };
}
