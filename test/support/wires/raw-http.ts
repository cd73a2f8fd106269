import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends bytes that no HTTP client would, ends its half of the connection, and answers all that came back. */
export async function sendBytes(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // A server may well reset the connection of somebody who speaks like that.
  socket.on('error', () => undefined);
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

/** A request with a good start line and the headers given, and a body as it is. */
export function rawRequest(startLine: string, headers: readonly string[] = [], body = ''): string {
  return `${[startLine, 'host: 127.0.0.1', 'connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`;
}
