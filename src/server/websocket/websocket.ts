import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError } from 'graphql';
import { CloseCode, handleProtocols, parseMessage, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Instrument } from '../../kernel/instrument.js';
import type { Turns } from '../../kernel/turns.js';
import type { ArrivingBytes } from '../arriving-bytes.js';
import { parseExactly } from '../graphql/exact-variables.js';
import type { UnreadBytes } from '../http/unread-bytes.js';
import type { ServerLimits } from '../limits.js';
import { type BatchedWrites, createBatchedWrites } from './batched-writes.js';
import { Inbox } from './inbox.js';
import { CloseSocket, type Peer } from './socket-protocol.js';
import { createTextFrame } from './text-frame.js';
import { tooManyBytes } from './too-many-bytes.js';
import { limitUnfinishedMessages } from './unfinished-messages.js';
import type { Send } from './websocket-stream.js';

/** The WebSockets of this process. */
export interface WebSockets {
  /** Upgrades a connection. The caller has checked that the upgrade is allowed. */
  accept(request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** Closes all sockets with 1012, and terminates those that do not answer in time. */
  stop(): Promise<void>;
}

export interface WebSocketOptions {
  readonly protocol: Server<Peer>;
  /** The turns of the keys to parse long messages. */
  readonly turns: Turns;
  readonly arriving: ArrivingBytes;
  readonly unread: UnreadBytes;
  readonly instrument: Instrument;
  readonly limits: ServerLimits;
}

/** Client libraries reconnect after 1012. The reason is for people who read the client's log. */
const serviceRestart = 1012;
const stopReason = 'The server is stopping: resume with your last cursor';
const closeTimeoutMs = 2_000;

/**
 * Connects sockets of `ws` with the protocol of graphql-ws. The adapter of graphql-ws is not used, because it writes to the
 * console and, outside production, sends the message of an internal error as the close reason.
 */
export function createWebSockets(options: WebSocketOptions): WebSockets {
  const { limits, turns, arriving } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxMessageBytes,
    handleProtocols,
    // Compression needs 300 KB per socket, and a small message could expand into a large one.
    perMessageDeflate: false,
    // The types do not have it. By default a client that does not answer a close keeps its connection for 30 s.
    ...{ closeTimeout: closeTimeoutMs },
  });
  const writes = createBatchedWrites();
  const heartbeat = createHeartbeat(sockets.clients, limits.pingIntervalMs);
  return {
    accept(request, connection, head) {
      sockets.handleUpgrade(request, connection, head, (socket) => {
        heartbeat.watch(socket);
        const keyId = () => peer.keyId;
        const peer: Peer = {
          request,
          operations: new Map(),
          isOpen: () => socket.readyState === socket.OPEN,
          send: createSend(socket, connection, writes),
          inbox: new Inbox({ socket, turns, arriving, keyId }),
        };
        limitUnfinishedMessages(connection, socket, { arriving, limits, keyId });
        serve(socket, peer, options);
      });
    },
    async stop() {
      heartbeat.stop();
      await Promise.all([...sockets.clients].map(closeForRestart));
    },
  };
}

function serve(socket: WebSocket, peer: Peer, options: WebSocketOptions): void {
  const { protocol, instrument } = options;
  const fail = (error: unknown) => {
    if (error instanceof CloseSocket) return socket.close(error.code, error.message);
    // The library sends a ping's payload back. JSON that nests deeper than the stack can be parsed but not stringified.
    if (error instanceof RangeError)
      return socket.close(CloseCode.BadRequest, 'The message nests too deeply');
    if (isOfServer(error)) return socket.close(CloseCode.BadRequest, error.message);
    instrument.emit('error', 'websocket.fault', 'A WebSocket message caused an internal error', {
      keyId: peer.keyId,
      error,
    });
    socket.close(CloseCode.InternalServerError, 'Internal server error');
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => sendText(socket, text, options),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) =>
        socket.on('message', (message) => {
          const text = String(message);
          try {
            peer.inbox.receive(text.length, () => {
              abortCompleted(peer, text);
              peer.exactMessage = parseExactly(text);
              handle(text).catch(fail);
            });
          } catch (error) {
            if (error instanceof GraphQLError) tooManyBytes(socket);
            else fail(error);
          }
        }),
    },
    peer,
  );
  // Invalid frames and messages that are too large: `ws` closes the socket itself with the matching code.
  socket.on('error', (error) => instrument.emit('debug', 'websocket.error', 'A WebSocket broke', { error }));
  socket.once('close', (code, reason) => {
    instrument.emit('debug', 'websocket.closed', 'A WebSocket closed', { code, keyId: peer.keyId });
    closed(code, String(reason)).catch(fail);
  });
}

/** The library throws for a valid message of a type that only servers send. */
function isOfServer(error: unknown): error is Error {
  return error instanceof Error && /^Unexpected message of type \w+ received$/.test(error.message);
}

/**
 * Resolves when the text was sent, so that a stream is read no faster than its client reads. For a closing socket it resolves
 * in the next turn of the event loop: otherwise a stream that always has more would block the event of the close.
 */
function sendText(socket: WebSocket, text: string, { unread, limits }: WebSocketOptions): Promise<void> {
  if (socket.bufferedAmount > limits.maxUnreadBytesPerSocket) socket.terminate();
  const sent = new Promise<void>((resolve) => {
    if (socket.readyState !== socket.OPEN) setImmediate(resolve);
    else socket.send(text, (error) => (error ? setImmediate(resolve) : resolve()));
  });
  if (socket.bufferedAmount === 0) return sent;
  return sent.finally(unread.add(text.length, () => socket.terminate()));
}

/**
 * The maximum number of bytes that are buffered for a client that does not read. The rest of its stream waits in the
 * feed, which is limited too.
 */
const maxBufferedBytes = 65_536;

/**
 * Sends without waiting, except to clients that read slowly. The frames are created here: messages are neither compressed nor
 * masked, so `ws` has nothing more to do with them.
 */
function createSend(socket: WebSocket, connection: Duplex, writes: BatchedWrites): Send {
  return (...parts) => {
    // Waits for the event loop: otherwise a stream that always has more would block the event of the socket's close.
    if (socket.readyState !== socket.OPEN) return new Promise(setImmediate);
    const frame = createTextFrame(...parts);
    if (connection.writableLength < maxBufferedBytes) {
      writes.write(connection, frame);
      return undefined;
    }
    return new Promise((resolve) =>
      writes.write(connection, frame, (error) => (error ? setImmediate(resolve) : resolve())),
    );
  };
}

/** The library ends a stream that its client completes. A query or mutation that waits is aborted here. */
function abortCompleted({ operations }: Peer, text: string): void {
  if (operations.size === 0 || !text.includes('"complete"')) return;
  try {
    const message = parseMessage(text);
    if (message.type === 'complete') operations.get(message.id)?.abort();
  } catch {
    // The library closes the socket for a message that does not follow the protocol.
  }
}

/** One timer pings all sockets, and terminates those that have not answered the last ping. */
function createHeartbeat(clients: Set<WebSocket>, intervalMs: number) {
  const silent = new WeakSet<WebSocket>();
  const timer = setInterval(() => {
    for (const socket of clients) {
      if (silent.has(socket)) socket.terminate();
      silent.add(socket);
      if (socket.readyState === socket.OPEN) socket.ping();
    }
  }, intervalMs);
  timer.unref();
  return {
    watch: (socket: WebSocket) => socket.on('pong', () => silent.delete(socket)),
    stop: () => clearInterval(timer),
  };
}

function closeForRestart(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === socket.CLOSED) return resolve();
    const timer = setTimeout(() => socket.terminate(), closeTimeoutMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.close(serviceRestart, stopReason);
  });
}
