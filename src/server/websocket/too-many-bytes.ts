import type { WebSocket } from 'ws';

/** Client libraries reconnect after this code, and wait before that. */
const TRY_AGAIN_LATER = 1013;

/**
 * Closes a socket of a key whose requests that are under way have too many bytes together. It does not wait for the client, which could
 * go on sending.
 */
export function tooManyBytes(socket: WebSocket): void {
  socket.close(TRY_AGAIN_LATER, 'Too many bytes of this API key are under way');
  setImmediate(() => socket.terminate());
}
