import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The open connections of a server. */
export interface Connections {
  /** Closes idle connections now and every other one after its last answer. */
  drain(): void;
}

/**
 * Counts the requests in flight on each connection. Node's closeIdleConnections keeps a connection that has not sent its
 * first request, such as browsers open in advance, and a stop would wait until that connection times out.
 */
export function trackConnections(server: Server): Connections {
  const inFlight = new Map<Duplex, number>();
  let isDraining = false;

  function count({ socket }: IncomingMessage, response: ServerResponse): void {
    inFlight.set(socket, (inFlight.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (inFlight.get(socket) ?? 1) - 1;
      if (inFlight.has(socket)) inFlight.set(socket, left);
      if (isDraining && left === 0) socket.destroySoon();
    });
  }

  server.on('connection', (socket: Socket) => {
    inFlight.set(socket, 0);
    socket.once('close', () => inFlight.delete(socket));
  });
  server.on('request', count);
  server.on('checkContinue', count);
  server.on('upgrade', (_request, socket: Duplex) => inFlight.delete(socket));
  return {
    drain() {
      isDraining = true;
      for (const [socket, requests] of inFlight) if (requests === 0) socket.destroy();
    },
  };
}
