import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type ArrivingBytes, COUNTED_FROM } from '../arriving-bytes.js';
import type { ServerLimits } from '../limits.js';
import { tooManyBytes } from './too-many-bytes.js';

export interface UnfinishedMessageOptions {
  readonly arriving: ArrivingBytes;
  readonly limits: ServerLimits;
  /** The key of the socket, as soon as it is known. */
  readonly keyId: () => string | undefined;
}

/**
 * Bounds the memory of a message that has begun and does not end. A socket whose key is not known may send little; all sockets of a
 * key are counted together.
 */
export function limitUnfinishedMessages(
  connection: Duplex,
  socket: WebSocket,
  { arriving, limits, keyId }: UnfinishedMessageOptions,
): void {
  let size = 0;
  let count: ((size: number) => void) | undefined;
  const take = () => {
    const key = keyId();
    if (key === undefined) {
      if (size > limits.maxBytesBeforeKey) socket.terminate();
      return;
    }
    count ??= arriving.begin(key);
    count(size);
  };
  const reset = () => {
    size = 0;
    count?.(0);
  };
  // Before the listener of `ws`, which emits the messages that are complete.
  connection.prependListener('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size < COUNTED_FROM) return;
    try {
      take();
    } catch {
      tooManyBytes(socket);
    }
  });
  socket.on('message', reset);
  socket.once('close', reset);
}
