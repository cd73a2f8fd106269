import type { IncomingMessage, ServerResponse } from 'node:http';
import { protocolError } from '../protocol-error.js';

/** The client disconnected before its request was complete, so there is nothing to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/**
 * Reads a body as UTF-8 text. Invalid bytes become U+FFFD. If the client waits for it (Expect: 100-continue), 100 is sent.
 *
 * @throws GraphQLError with PAYLOAD_TOO_LARGE (413), before anything is read if the announced length is too large. Node then
 * reads and discards the rest until the request times out, because closing the connection could lose the answer.
 * @throws ClientGone if the client disconnects.
 */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (request.headers.expect !== undefined) response.writeContinue();
  return collect(request, maxBytes);
}

function collect(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else reject(tooLarge(maxBytes));
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    request.once('close', () => {
      if (!request.complete) reject(new ClientGone('The client disconnected before its body was complete'));
    });
    request.once('error', (cause) => reject(new ClientGone('The connection broke in the body', { cause })));
  });
}

function tooLarge(maxBytes: number) {
  return protocolError('PAYLOAD_TOO_LARGE', `The body is larger than ${maxBytes} bytes.`, { status: 413 });
}
