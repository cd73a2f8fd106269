import type { ServerResponse } from 'node:http';
import type { ServerLimits } from '../limits.js';
import { disconnectStuckClient } from './stuck-client.js';
import { createUnreadBytes, type UnreadBytes } from './unread-bytes.js';

/** Sends the bodies of complete answers. */
export interface Delivery {
  /** The unread bytes of all connections of this process. */
  readonly unread: UnreadBytes;
  /**
   * Ends a response with a body. A client that does not read it is disconnected.
   *
   * @param isShared - whether other answers use the same buffer, so that it is not counted as memory of this answer.
   */
  end(response: ServerResponse, body: Buffer, isShared: boolean): void;
}

/** A client that reads less than this between two checks counts as stuck. Most answers are smaller. */
const PIECE_BYTES = 65_536;

/** Creates the delivery of a server. */
export function createDelivery({ maxUnreadBytes, pingIntervalMs }: ServerLimits): Delivery {
  const unread = createUnreadBytes(maxUnreadBytes);
  return {
    unread,
    end(response, body, isShared) {
      if (body.length > PIECE_BYTES) writePieces(response, body);
      else response.end(body);
      // Usually the operating system has taken everything.
      if (response.writableFinished) return;
      disconnectStuckClient(response, pingIntervalMs);
      if (!isShared) countUnread(response, body.length, unread);
    },
  };
}

/** Counts the bytes of an answer until its client has read them or is disconnected. */
function countUnread(response: ServerResponse, bytes: number, unread: UnreadBytes): void {
  response.once(
    'close',
    unread.add(bytes, () => response.destroy()),
  );
}

/** Writes a body piece by piece, so that a client that reads slowly can be told from one that does not read. */
function writePieces(response: ServerResponse, body: Buffer): void {
  let start = 0;
  function writeOn(): void {
    while (start + PIECE_BYTES < body.length) {
      const piece = body.subarray(start, start + PIECE_BYTES);
      start += PIECE_BYTES;
      if (!response.write(piece)) return void response.once('drain', writeOn);
    }
    response.end(body.subarray(start));
  }
  writeOn();
}
