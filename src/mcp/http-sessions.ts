import { isInitializeRequest, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { LRUCache } from 'lru-cache';
import { systemClock } from '../kernel/clock.js';
import { hasForms } from './client-view.js';
import { createToolServer } from './server.js';
import { newSessionId, readSessionId, type SessionFacts } from './session-id.js';
import type { ToolSession } from './tool.js';

/** One request of the protocol with its body. */
export interface McpRequest {
  readonly request: Request;
  readonly apiKey: string;
  /** The JSON of the body, as parsed; undefined if it has none. */
  readonly body: unknown;
}

/** When a client counts as gone. */
export interface SessionLimits {
  /** It has sent nothing for this time. */
  readonly idleMs: number;
  /** It has closed its stream of events, and has sent nothing since then. A client that lives opens it again. */
  readonly withoutStreamMs: number;
  /** Sessions without runs end early above this number. */
  readonly maxSessions: number;
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly tools: ToolSession;
  /** Another process has begun it, or this one before a restart. */
  readonly isAdopted: boolean;
  usedAt: number;
  openStreams: number;
  hasHadStream: boolean;
}

/** A client does not use a session again that it has ended, so few of their ids are kept. */
const MAX_ENDED = 1_000;

/**
 * The sessions of clients of 2025-11-25: each has an id, a stream of events, and the runs that it has claimed. A session that
 * another process has begun, or this one before a restart, goes on here: the official client does not begin another one when
 * its session is unknown. The runs stay with the process that has claimed them. When the stream opens here, the leases are renewed
 * once: the process where it was open before sees that the client lives, and leaves the runs alone.
 */
export class HttpSessions {
  readonly #sessions = new Map<string, Session>();
  readonly #adoptions = new Map<string, Promise<Session | undefined>>();
  readonly #ended = new LRUCache<string, true>({ max: MAX_ENDED });
  readonly #limits: SessionLimits;
  readonly #openTools: (apiKey: string) => ToolSession;
  readonly #sweeper: ReturnType<typeof setInterval>;

  constructor(limits: SessionLimits, openTools: (apiKey: string) => ToolSession) {
    this.#limits = limits;
    this.#openTools = openTools;
    this.#sweeper = setInterval(() => this.#sweep(), limits.withoutStreamMs / 4).unref();
  }

  /** Answers `initialize`, and begins a session. */
  async begin({ request, apiKey, body }: McpRequest): Promise<Response> {
    if (!this.#makeRoom()) return tooMany();
    const capabilities = isInitializeRequest(body) ? body.params.capabilities : undefined;
    const id = newSessionId(apiKey, { showsForms: hasForms(capabilities) });
    const transport = await this.#open(id, { apiKey, isAdopted: false });
    return transport.handleRequest(request, { parsedBody: body });
  }

  /** Answers a request of a session. Another key has no such session. */
  async answer(id: string, { request, apiKey, body }: McpRequest): Promise<Response> {
    const facts = readSessionId(apiKey, id);
    if (facts === null || this.#ended.has(id))
      return refusal(404, 'Session not found: send initialize again.');
    const session = this.#sessions.get(id) ?? (await this.#adopt(id, { apiKey, facts }));
    if (session === undefined) return tooMany();
    this.#touch(session);
    if (request.method === 'GET') this.#countStream(session, request.signal);
    return session.transport.handleRequest(request, body === undefined ? {} : { parsedBody: body });
  }

  /** Ends the streams of all sessions. Their leases go on, because this is no sign of the clients. */
  async stop(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all([...this.#sessions.values()].map(({ transport }) => transport.close()));
  }

  async #open(
    id: string,
    { apiKey, isAdopted }: { readonly apiKey: string; readonly isAdopted: boolean },
  ): Promise<WebStandardStreamableHTTPServerTransport> {
    const reachesClient = () => (this.#sessions.get(id)?.openStreams ?? 0) > 0;
    const tools = { ...this.#openTools(apiKey), reachesClient };
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      onsessioninitialized: () => {
        const usedAt = systemClock.now();
        const streams = { openStreams: 0, hasHadStream: false };
        this.#sessions.set(id, { transport, tools, isAdopted, usedAt, ...streams });
      },
      onsessionclosed: async () => {
        this.#ended.set(id, true);
        await tools.held.leave();
      },
    });
    const server = createToolServer(tools, 'legacy');
    await server.connect(transport);
    server.onclose = () => void this.#sessions.delete(id);
    return transport;
  }

  /** Requests that come at once get one session. */
  #adopt(
    id: string,
    { apiKey, facts }: { readonly apiKey: string; readonly facts: SessionFacts },
  ): Promise<Session | undefined> {
    const adopt = async () => {
      if (!this.#makeRoom()) return undefined;
      const transport = await this.#open(id, { apiKey, isAdopted: true });
      const answer = await transport.handleRequest(...introduction(facts));
      await answer.text();
      return this.#sessions.get(id);
    };
    const adoption = this.#adoptions.get(id) ?? adopt().finally(() => this.#adoptions.delete(id));
    this.#adoptions.set(id, adoption);
    return adoption;
  }

  #touch(session: Session): void {
    session.usedAt = systemClock.now();
    session.tools.held.touch();
  }

  #countStream(session: Session, end: AbortSignal): void {
    const { held } = session.tools;
    session.openStreams += 1;
    session.hasHadStream = true;
    held.isBetweenStreams = false;
    if (session.isAdopted) void held.arrive();
    const close = () => {
      session.openStreams -= 1;
      held.isBetweenStreams = session.openStreams === 0;
      this.#touch(session);
    };
    end.addEventListener('abort', close, { once: true });
  }

  #sweep(): void {
    for (const session of this.#sessions.values()) {
      if (session.openStreams > 0) this.#touch(session);
      else if (this.#hasLeft(session)) void this.#end(session);
    }
  }

  #hasLeft({ usedAt, hasHadStream }: Session): boolean {
    const { idleMs, withoutStreamMs } = this.#limits;
    return systemClock.now() - usedAt > (hasHadStream ? withoutStreamMs : idleMs);
  }

  async #end({ transport, tools }: Session): Promise<void> {
    await transport.close();
    await tools.held.leave('unheard');
  }

  #makeRoom(): boolean {
    if (this.#sessions.size < this.#limits.maxSessions) return true;
    const idle = [...this.#sessions.values()].filter(
      ({ tools, openStreams }) => tools.held.isEmpty && openStreams === 0,
    );
    const [longest] = idle.sort((one, other) => one.usedAt - other.usedAt);
    if (longest === undefined) return false;
    void this.#end(longest);
    return true;
  }
}

function tooMany(): Response {
  return refusal(503, 'Too many sessions are open: try again later.');
}

/** The `initialize` that the client has sent to another process, as far as this server reads it. */
function introduction({ showsForms }: SessionFacts): [Request, { parsedBody: unknown }] {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: showsForms ? { elicitation: { form: {} } } : {},
    clientInfo: { name: 'adopted', version: '' },
  };
  const parsedBody = { jsonrpc: '2.0', id: 0, method: 'initialize', params };
  return [new Request('http://localhost/mcp', { method: 'POST', headers }), { parsedBody }];
}

function refusal(status: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code: -32001, message }, id: null }, { status });
}
