import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSockets } from '../websocket/websocket.js';
import { pathWithin } from './base-path.js';
import { isAllowedOrigin } from './origins.js';

export interface UpgradeOptions {
  readonly webSockets: WebSockets;
  readonly basePath: string;
  readonly corsOrigins: readonly string[];
  readonly isStopping: () => boolean;
}

/** Accepts WebSockets at `/graphql`, unless a browser opens them from a page of a foreign origin. */
export function createUpgrade({ webSockets, basePath, corsOrigins, isStopping }: UpgradeOptions) {
  return (request: IncomingMessage, connection: Duplex, head: Buffer): void => {
    // Without a listener an ECONNRESET in the handshake would end the process.
    connection.on('error', () => connection.destroy());
    const path = pathWithin(basePath, request.url);
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') refuse(connection, 400, notWebSocket);
    else if (path !== '/graphql') refuse(connection, 404);
    else if (isStopping()) refuse(connection, 503);
    else if (!isAllowedOrigin(request.headers, corsOrigins)) refuse(connection, 403);
    else webSockets.accept(request, connection, head);
  };
}

/** Some clients offer HTTP/2 with their first request, and Node passes such a request only to this handler. */
const notWebSocket =
  'Connections are upgraded to WebSocket only: send plain HTTP/1.1 without an Upgrade header.\n';

function refuse(connection: Duplex, status: number, text = ''): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    'content-type: text/plain',
    `content-length: ${text.length}`,
  ];
  connection.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}
