import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type AnsweredError, bearer, type Client, readAnswer } from '../servers/client.js';
import { aTask } from '../servers/fleet.js';

/** One event of the log as subscribers receive it. */
export interface SeenEvent {
  readonly cursor: string;
  readonly id: string;
  readonly type: string;
}

export interface StreamOptions {
  readonly after?: string | null;
  readonly filter?: object;
  /** Called when the connection was lost. Resolves when it can be retried. Without it, a lost stream ends. */
  readonly reconnect?: () => Promise<unknown>;
}

/** How a stream ended: the last errors, and the close code of a WebSocket. */
export interface StreamEnd {
  /** Whether the server said that the stream is complete. A client does not reconnect after that. */
  readonly completed: boolean;
  readonly errors: readonly AnsweredError[];
  readonly code?: number;
  readonly reason?: string;
}

export interface EventStream {
  /** All received events, over all connections. */
  readonly events: SeenEvent[];
  /** Number of connections so far. */
  readonly connections: () => number;
  readonly ended: Promise<StreamEnd>;
  close(): void;
}

/** The actor is non-null and read from another table, so an event whose actor can't be read would have no fields at all. */
const subscription = `subscription ($after: Cursor, $filter: EventFilter) {
  events(after: $after, filter: $filter) { cursor id type actor { displayName } }
}`;

type Result = { data?: { events: SeenEvent } | null; errors?: readonly AnsweredError[] };

/** Watches the log over a WebSocket. Each connection resumes after the last event of the one before. */
export function watchOverWebSocket(client: Client, options: StreamOptions = {}): EventStream {
  let connections = 0;
  let closed: Pick<StreamEnd, 'code' | 'reason'> = {};
  const { reconnect } = options;
  const transport = createWebSocketClient({
    url: () => `${client.url().replace(/^http/, 'ws')}/graphql`,
    connectionParams: bearer(client.secret),
    webSocketImpl: WebSocket,
    retryAttempts: reconnect ? Number.POSITIVE_INFINITY : 0,
    retryWait: async () => void (await reconnect?.()),
    shouldRetry: () => true,
    on: {
      connected: () => {
        connections += 1;
      },
      closed: (event) => {
        const { code, reason } = event as { code: number; reason: string };
        closed = { code, reason };
      },
    },
  });
  const stream = collect(options, (payload, sink) => transport.subscribe(payload, sink as never));
  return {
    ...stream,
    connections: () => connections,
    ended: stream.ended.then((end) => ({ ...end, ...closed })),
    close: () => {
      stream.close();
      void transport.dispose();
    },
  };
}

/** Watches the log by server-sent events. */
export function watchOverSse(client: Client, options: StreamOptions = {}): EventStream {
  let connections = 0;
  const { reconnect } = options;
  const transport = createSseClient({
    url: () => `${client.url()}/graphql`,
    headers: bearer(client.secret),
    retryAttempts: reconnect ? Number.POSITIVE_INFINITY : 0,
    retry: async () => void (await reconnect?.()),
    on: {
      connected: () => {
        connections += 1;
      },
    },
  });
  const stream = collect(options, (payload, sink) => transport.subscribe(payload, sink as never));
  return { ...stream, connections: () => connections };
}

/** Creates tasks, which cannot be claimed, until every stream has received one and is therefore live. */
export async function untilLive(client: Client, streams: readonly EventStream[]): Promise<void> {
  await vi.waitFor(async () => {
    await aTask(client, { title: 'Is the stream live?', startsAt: '2099-01-01T00:00:00Z' });
    for (const { events } of streams) expect(events.length).toBeGreaterThan(0);
  }, 20_000);
}

interface Payload {
  readonly query: string;
  readonly variables: { after: string | null; filter: object | null };
}

interface Sink {
  next(result: Result): void;
  error(error: unknown): void;
  complete(): void;
}

function collect(
  { after = null, filter }: StreamOptions,
  subscribe: (payload: Payload, sink: Sink) => () => void,
): Pick<EventStream, 'events' | 'ended' | 'close'> {
  const events: SeenEvent[] = [];
  const errors: AnsweredError[] = [];
  // Both libraries send this payload again with every connection.
  const payload: Payload = { query: subscription, variables: { after, filter: filter ?? null } };
  let close: () => void = () => undefined;
  const ended = new Promise<StreamEnd>((resolve) => {
    close = subscribe(payload, {
      next: (result) => {
        errors.push(...(result.errors ?? []));
        if (!result.data) return;
        const { cursor, id, type } = result.data.events;
        events.push({ cursor, id, type });
        payload.variables.after = cursor;
      },
      error: (error) => {
        void errorsOf(error).then((found) => resolve({ completed: false, errors: [...errors, ...found] }));
      },
      complete: () => resolve({ completed: true, errors }),
    });
  });
  return { events, ended, close: () => close() };
}

/** GraphQL errors, or the errors of an answer that refused the stream. None for a lost connection. */
async function errorsOf(error: unknown): Promise<readonly AnsweredError[]> {
  if (Array.isArray(error)) return error;
  const response = error instanceof Error && 'response' in error ? error.response : null;
  return response instanceof Response ? ((await readAnswer(response)).errors ?? []) : [];
}
