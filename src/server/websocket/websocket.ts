import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols, parseMessage, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Instrument } from '../../kernel/instrument.js';
import type { ServerLimits } from '../limits.js';
import { createOutbox, type Outbox } from './batched-writes.js';
import { CloseSocket, type Peer } from './socket-protocol.js';
import { createTextFrame } from './text-frame.js';
import type { Send } from './websocket-stream.js';

export interface WebSockets {
  /** Takes over a connection whose upgrade was asked for and is allowed. */
  accept(request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** Asks all clients to come back later, and cuts off who does not answer in time. */
  stop(): Promise<void>;
}

export interface WebSocketOptions {
  readonly protocol: Server<Peer>;
  readonly instrument: Instrument;
  readonly limits: ServerLimits;
}

/** A client's library resumes after 1012 by itself; the reason is for the person who reads its log. */
const serviceRestart = 1012;
const stopReason = 'The server is stopping: resume with your last cursor';
const closeTimeoutMs = 2_000;

/**
 * Sockets of `ws` under the protocol of graphql-ws. Its own adapter for `ws` writes to the console and, outside
 * production, sends the message of a fault as the reason of a close; that is why it is not used.
 */
export function createWebSockets({ protocol, instrument, limits }: WebSocketOptions): WebSockets {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxMessageBytes,
    handleProtocols,
    // Compression keeps 300 KB per socket and lets a small message unpack into a large one.
    perMessageDeflate: false,
  });
  const outbox = createOutbox();
  const heartbeat = createHeartbeat(sockets.clients, limits.pingIntervalMs);
  return {
    accept(request, connection, head) {
      sockets.handleUpgrade(request, connection, head, (socket) => {
        heartbeat.watch(socket);
        const peer: Peer = {
          request,
          operations: new Map(),
          isOpen: () => socket.readyState === socket.OPEN,
          send: createSend(socket, connection, outbox),
        };
        serve(socket, peer, protocol, instrument);
      });
    },
    async stop() {
      heartbeat.stop();
      await Promise.all([...sockets.clients].map(closeForRestart));
    },
  };
}

function serve(socket: WebSocket, peer: Peer, protocol: Server<Peer>, instrument: Instrument): void {
  const fail = (error: unknown) => {
    if (error instanceof CloseSocket) return socket.close(error.code, error.message);
    // JSON that can be read and, being deeper than the stack, not be written: the library sends the payload of a ping back.
    if (error instanceof RangeError)
      return socket.close(CloseCode.BadRequest, 'The message nests too deeply');
    instrument.emit('error', 'websocket.fault', 'A WebSocket message met a fault', {
      keyId: peer.keyId,
      error,
    });
    socket.close(CloseCode.InternalServerError, 'Internal server error');
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => sendText(socket, text),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) =>
        socket.on('message', (message) => {
          const text = String(message);
          abortCompleted(peer, text);
          handle(text).catch(fail);
        }),
    },
    peer,
  );
  // Broken frames and messages that are too large; `ws` closes the socket itself, with the code that says so.
  socket.on('error', (error) => instrument.emit('debug', 'websocket.error', 'A WebSocket broke', { error }));
  socket.once('close', (code, reason) => {
    instrument.emit('debug', 'websocket.closed', 'A WebSocket closed', { code, keyId: peer.keyId });
    closed(code, String(reason)).catch(fail);
  });
}

/**
 * Resolves when the text has left, so that a stream is read no faster than its client reads. For a socket that closes it
 * lets the event loop turn first: a stream that always has more would otherwise never let it tell that it has closed.
 */
function sendText(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) setImmediate(resolve);
    else socket.send(text, (error) => (error ? setImmediate(resolve) : resolve()));
  });
}

/** As much as a client that does not read costs: the rest of its stream waits where it is bounded as well. */
const maxBufferedBytes = 65_536;

/**
 * Sends without a wait to all but those who read slowly. The frames are this room's own: nothing else of `ws` stands
 * between it and the connection, since messages are neither compressed nor masked.
 */
function createSend(socket: WebSocket, connection: Duplex, outbox: Outbox): Send {
  return (...parts) => {
    // A stream that always has more would otherwise never let the event loop tell that its socket has closed.
    if (socket.readyState !== socket.OPEN) return new Promise(setImmediate);
    const frame = createTextFrame(...parts);
    if (connection.writableLength < maxBufferedBytes) {
      outbox.write(connection, frame);
      return undefined;
    }
    return new Promise((resolve) =>
      outbox.write(connection, frame, (error) => (error ? setImmediate(resolve) : resolve())),
    );
  };
}

/** The library ends a stream that its client completes; a query or mutation that waits is told here. */
function abortCompleted({ operations }: Peer, text: string): void {
  if (operations.size === 0 || !text.includes('"complete"')) return;
  try {
    const message = parseMessage(text);
    if (message.type === 'complete') operations.get(message.id)?.abort();
  } catch {
    // The library closes the socket on what is no message of the protocol.
  }
}

/** One timer pings all sockets, and ends those that left the last ping unanswered. */
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
