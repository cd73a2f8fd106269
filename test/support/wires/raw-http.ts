import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends raw bytes, ends its half of the connection, and returns everything received. */
export async function sendBytes(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // The server may reset the connection.
  socket.on('error', () => undefined);
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

/** Builds a request from a start line, headers and an unchanged body. */
export function rawRequest(startLine: string, headers: readonly string[] = [], body = ''): string {
  return `${[startLine, 'host: 127.0.0.1', 'connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`;
}
