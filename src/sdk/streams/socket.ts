import { createClient } from 'graphql-ws/client';
import { type AnswerError, ConnectionError, UnauthenticatedError } from '../errors/request-errors.js';
import { toRequestError } from '../errors/to-request-error.js';
import type { Subscribe } from './transport.js';
import { SILENCE_MS } from './transport.js';

/** A WebSocket class, as browsers, Node 22 and the package `ws` have it. */
export type WebSocketClass = new (
  url: string,
  protocols?: string | string[],
) => {
  close(): void;
  addEventListener(type: 'open' | 'close', listener: () => void): void;
};

/** Half of the silence that is taken for a dead connection: a ping after this time, and as much time for its answer. */
const PING_MS = SILENCE_MS / 2;

/** The server's close code for a key that is not valid. */
const UNAUTHORIZED = 4401;

/**
 * Subscriptions over one WebSocket that all of them share. It is opened with the first, and closed after the last. A
 * socket that breaks ends each of its subscriptions with ConnectionError; following them again is the caller's part,
 * because only the caller knows the cursor to resume from.
 */
export function subscribeOverSocket(endpoint: string, apiKey: string, WebSocket: WebSocketClass): Subscribe {
  let pongTimer: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: endpoint.replace(/^http/, 'ws'),
    webSocketImpl: givingUp(WebSocket),
    connectionParams: { authorization: `Bearer ${apiKey}` },
    keepAlive: PING_MS,
    connectionAckWaitTimeout: PING_MS,
    retryAttempts: 0,
    shouldRetry: () => false,
    // Without a listener the package writes to the console.
    onNonLazyError: () => undefined,
    on: {
      ping: (received) => {
        // A half-open connection takes pings and never answers: only the answer shows that it works.
        if (!received) pongTimer = setTimeout(() => client.terminate(), PING_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
      closed: () => clearTimeout(pongTimer),
    },
  });
  return ({ query, variables }, sink) =>
    client.subscribe(
      { query, variables: { ...variables } },
      {
        next: ({ data, errors }) => {
          if (data && !errors?.length) sink.next(data);
          else sink.end(toFailure(errors ?? []));
        },
        error: (error) => sink.end(toFailure(error)),
        complete: () => sink.end(null),
      },
    );
}

/** The class with a limit for the connecting, which can take minutes where the way to the server swallows packets. */
function givingUp(WebSocket: WebSocketClass): WebSocketClass {
  return class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
      const timer = setTimeout(() => this.close(), PING_MS);
      for (const type of ['open', 'close'] as const) this.addEventListener(type, () => clearTimeout(timer));
    }
  };
}

/** graphql-ws reports errors of the operation as a list, and a closed socket as a close event or a thrown error. */
function toFailure(error: unknown): Error {
  if (Array.isArray(error))
    return toRequestError({ errors: error as AnswerError[], status: null, retryAfterMs: null });
  const { code, reason } = (error ?? {}) as { readonly code?: unknown; readonly reason?: unknown };
  if (code === UNAUTHORIZED) {
    const message = 'The API key is not valid: it is unknown, expired or revoked.';
    const errors = [{ message, extensions: { code: 'UNAUTHENTICATED' } }];
    return new UnauthenticatedError({ errors, status: null, retryAfterMs: null });
  }
  const said = typeof reason === 'string' && reason !== '' ? `: ${reason}` : '';
  return new ConnectionError(`The WebSocket was closed (${String(code ?? 'no code')})${said}.`, {
    cause: error,
  });
}
