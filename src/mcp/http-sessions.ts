import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { systemClock } from '../kernel/clock.js';
import { newNonce } from '../kernel/ids.js';
import { createToolServer } from './server.js';
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
  readonly apiKey: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly tools: ToolSession;
  usedAt: number;
  openStreams: number;
  hasHadStream: boolean;
}

/**
 * The sessions of clients of 2025-11-25: each has an id, a stream of events, and the runs that it has claimed. They live in
 * this process. A client whose session is unknown gets 404 and begins another one.
 */
export class HttpSessions {
  readonly #sessions = new Map<string, Session>();
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
    if (!this.#makeRoom()) return refusal(503, 'Too many sessions are open: try again later.');
    const reachesClient = () => (this.#sessions.get(transport.sessionId ?? '')?.openStreams ?? 0) > 0;
    const tools = { ...this.#openTools(apiKey), reachesClient };
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: newNonce,
      onsessioninitialized: (id) => {
        const usedAt = systemClock.now();
        const signs = { usedAt, openStreams: 0, hasHadStream: false };
        this.#sessions.set(id, { apiKey, transport, tools, ...signs });
      },
      onsessionclosed: () => tools.held.leave(),
    });
    const server = createToolServer(tools, 'legacy');
    await server.connect(transport);
    server.onclose = () => void this.#sessions.delete(transport.sessionId ?? '');
    return transport.handleRequest(request, { parsedBody: body });
  }

  /** Answers a request of a session. Another key has no such session. */
  async answer(id: string, { request, apiKey, body }: McpRequest): Promise<Response> {
    const session = this.#sessions.get(id);
    if (session?.apiKey !== apiKey) return refusal(404, 'Session not found: send initialize again.');
    this.#touch(session);
    if (request.method === 'GET') this.#countStream(session, request.signal);
    return session.transport.handleRequest(request, body === undefined ? {} : { parsedBody: body });
  }

  /** Ends the streams of all sessions. Their leases go on, because this is no sign of the clients. */
  async stop(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all([...this.#sessions.values()].map(({ transport }) => transport.close()));
  }

  #touch(session: Session): void {
    session.usedAt = systemClock.now();
    session.tools.held.touch();
  }

  #countStream(session: Session, end: AbortSignal): void {
    session.openStreams += 1;
    session.hasHadStream = true;
    const close = () => {
      session.openStreams -= 1;
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
    await tools.held.leave();
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

function refusal(status: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code: -32001, message }, id: null }, { status });
}
