import type { IncomingMessage, ServerResponse } from 'node:http';
import { protocolError } from '../protocol-error.js';

/** The client went away before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/**
 * Reads a body as UTF-8 text; what is no UTF-8 becomes U+FFFD. A client that waits to be asked for its body (Expect:
 * 100-continue) is asked now.
 *
 * @throws GraphQLError with PAYLOAD_TOO_LARGE (413), for an announced length before anything is read. Node reads and
 * drops the rest, until the request's time is over: a closed connection could take the answer with it.
 * @throws ClientGone
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
      if (!request.complete) reject(new ClientGone('The client left before its body had come'));
    });
    request.once('error', (cause) => reject(new ClientGone('The body broke off', { cause })));
  });
}

function tooLarge(maxBytes: number) {
  return protocolError('PAYLOAD_TOO_LARGE', `The body is larger than ${maxBytes} bytes.`, { status: 413 });
}
