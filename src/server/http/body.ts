import type { IncomingMessage, ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { COUNTED_FROM } from '../arriving-bytes.js';
import { protocolError } from '../protocol-error.js';

/** The client disconnected before its request was complete, so there is nothing to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** How a body is limited. */
export interface BodyLimits {
  readonly maxBytes: number;
  /**
   * Takes the size of what has arrived of a body that is not short. Throws if that is too much. Gets 0 when the answer has ended, or
   * when the body is refused.
   */
  readonly count?: (size: number) => void;
}

/**
 * Reads a body as UTF-8 text. Invalid bytes become U+FFFD. If the client waits for it (Expect: 100-continue), 100 is sent.
 *
 * @throws GraphQLError with PAYLOAD_TOO_LARGE (413), before anything is read if the announced length is too large. Node then
 * reads and discards the rest until the request times out, because closing the connection could lose the answer.
 * @throws what `count` throws.
 * @throws ClientGone if the client disconnects.
 */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBytes, count }: BodyLimits,
): Promise<string> {
  const announced = Number(request.headers['content-length'] ?? Number.NaN);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  if (request.headers.expect !== undefined) response.writeContinue();
  if (count === undefined || announced < COUNTED_FROM) return collect(request, { maxBytes });
  response.once('close', () => count(0));
  return collect(request, { maxBytes, count });
}

/**
 * Decodes each piece when it arrives. The buffers of the network are outside of V8's heap: kept until the end of their request, they
 * left so many holes in the heap of the C library that 300 requests of 1 MB took 300 MB for ever.
 */
function collect(request: IncomingMessage, { maxBytes, count }: BodyLimits): Promise<string> {
  const decoder = new StringDecoder();
  let text = '';
  let size = 0;
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      count?.(size);
      text += decoder.write(chunk);
    };
    let isRefused = false;
    request.on('data', (chunk: Buffer) => {
      if (isRefused) return;
      try {
        take(chunk);
      } catch (error) {
        isRefused = true;
        text = '';
        count?.(0);
        reject(error);
      }
    });
    request.once('end', () => resolve(text + decoder.end()));
    request.once('close', () => {
      if (!request.complete) reject(new ClientGone('The client disconnected before its body was complete'));
    });
    request.once('error', (cause) => reject(new ClientGone('The connection broke in the body', { cause })));
  });
}

function tooLarge(maxBytes: number) {
  return protocolError('PAYLOAD_TOO_LARGE', `The body is larger than ${maxBytes} bytes.`, { status: 413 });
}
