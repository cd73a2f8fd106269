import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Turns } from '../../kernel/turns.js';
import type { AccessGate } from '../access-gate.js';
import type { ArrivingBytes } from '../arriving-bytes.js';
import { protocolError } from '../protocol-error.js';
import { admit } from './admit.js';
import { ClientGone, readBody } from './body.js';
import { type HttpExchange, send } from './exchange.js';
import { isAllowedOrigin } from './origins.js';
import type { Route } from './router.js';

/** The tools of agents, which call the API like any other client. */
export interface McpCalls {
  /** Answers one request of the protocol on behalf of a key. */
  answer(request: Request, apiKey: string): Promise<Response>;
  /** Ends the calls that wait. */
  stop(): Promise<void>;
}

/** What the route of MCP needs from the rest of the application. */
interface McpRouteOptions {
  readonly calls: McpCalls;
  readonly gate: AccessGate;
  readonly corsOrigins: readonly string[];
  readonly arriving: ArrivingBytes;
  /** The turns of the keys to begin a request. */
  readonly turns: Turns;
  readonly maxBodyBytes: number;
}

/** Creates `/mcp`: the tools of agents over streamable HTTP, with the key as bearer token. */
export function createMcpRoute(options: McpRouteOptions): Route {
  const { calls, gate, corsOrigins } = options;
  return {
    path: '/mcp',
    methods: ['POST', 'GET', 'DELETE'],
    async handle(exchange) {
      const { request, response, end } = exchange;
      if (!isAllowedOrigin(request.headers, corsOrigins)) throw foreignOrigin();
      const { viewer } = await admit(exchange, gate);
      response.once('close', () => end.abort());
      const body = request.method === 'POST' ? await readInTurn(exchange, viewer.keyId, options) : null;
      const apiKey = (request.headers.authorization ?? '').replace(/^Bearer +/i, '').trim();
      await forward(exchange, await calls.answer(toRequest(exchange, body), apiKey));
    },
  };
}

async function readInTurn(
  { request, response }: HttpExchange,
  keyId: string,
  { arriving, turns, maxBodyBytes: maxBytes }: McpRouteOptions,
): Promise<string> {
  const body = await readBody(request, response, { maxBytes, count: arriving.begin(keyId) });
  // A new session takes 5 ms, because each has its own tools: 40 at a time delayed claims by two seconds.
  await turns.next(keyId);
  return body;
}

function toRequest({ request, end }: HttpExchange, body: string | null): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === 'string' && !HOP_HEADERS.has(name)) headers.set(name, value);
  const { method = 'POST' } = request;
  return new Request('http://localhost/mcp', { method, headers, body, signal: end.signal });
}

/** They describe the connection, or the body before it was read. */
const HOP_HEADERS = new Set(['connection', 'content-length', 'transfer-encoding', 'expect', 'host']);

/** Small answers have a length; streams go on until the call has ended. */
async function forward(exchange: HttpExchange, answer: Response): Promise<void> {
  const { response, headers, end } = exchange;
  const own = Object.fromEntries(answer.headers);
  if (answer.body === null || !own['content-type']?.startsWith('text/event-stream'))
    return send(exchange, answer.status, own, await answer.text());
  exchange.isStream = true;
  // Those of the pipeline and of this server are eleven, and Node warns of a leak from the eleventh on.
  response.setMaxListeners(20);
  response.writeHead(answer.status, { ...headers, ...own });
  try {
    await pipeline(Readable.from(answer.body), response);
  } catch (cause) {
    throw end.signal.aborted ? new ClientGone('The client disconnected in mid-stream', { cause }) : cause;
  }
}

function foreignOrigin() {
  const hint = 'Add its origin to MC_CORS_ORIGINS.';
  return protocolError('FORBIDDEN', `Pages of this origin may not call /mcp. ${hint}`, { status: 403 });
}
