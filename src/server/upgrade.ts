import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { isAllowedOrigin } from './origins.js';
import type { WebSockets } from './websocket.js';

export interface UpgradeOptions {
  readonly webSockets: WebSockets;
  readonly corsOrigins: readonly string[];
  readonly isStopping: () => boolean;
}

/** Lets WebSockets in at `/graphql`, unless a browser brings them from a page of somebody else. */
export function createUpgrade({ webSockets, corsOrigins, isStopping }: UpgradeOptions) {
  return (request: IncomingMessage, connection: Duplex, head: Buffer): void => {
    // Without a listener an ECONNRESET in the handshake would end the process.
    connection.on('error', () => connection.destroy());
    const path = request.url?.split('?', 1)[0];
    if (path !== '/graphql') refuse(connection, 404);
    else if (isStopping()) refuse(connection, 503);
    else if (!isAllowedOrigin(request.headers, corsOrigins)) refuse(connection, 403);
    else webSockets.accept(request, connection, head);
  };
}

function refuse(connection: Duplex, status: number): void {
  connection.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
  );
}
